-- What the console's form of an app has to know: whether somebody else changed the app since, and when its secrets were
-- given. Safe beside the previous version, which counts nothing: of an app that it changes, the form says so one time less.

alter table apps
    -- Goes up with each change of its settings.
    add column revision bigint not null default 0,
    -- When the client's secret and its private key were last given. Null: before this was noted, or never.
    add column secret_given_at timestamptz,
    add column key_given_at timestamptz;
