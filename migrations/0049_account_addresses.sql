-- The connections of ActiveCampaign name the whole address of the account from now on, and not its first part alone: what stood
-- behind that part moves into the variable. Safe beside the previous version, which reads the old one, that stays.

update connections
set variables = variables || jsonb_build_object('api_url', 'https://' || (variables ->> 'account') || '.api-us1.com')
where integration = 'activecampaign' and variables ? 'account' and not variables ? 'api_url';
