-- Pictures that were replaced, for the purge. Safe beside the previous version: one index, on a table of few rows.

create index brand_images_replaced on brand_images (replaced_at) where replaced_at is not null;
