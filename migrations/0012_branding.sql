-- How a project looks to people, and its own domain. Safe beside the previous version: columns that it leaves at their
-- defaults, and a table that it does not know. It goes on reading a colour in `branding` that it understands, and shows its
-- own where it does not.

alter table projects
    -- Where browsers reach the modal and the callback instead of the server's own address: an origin, without a path.
    add column domain text unique,
    -- Goes up with each change of how it looks; what `ETag` and `If-Match` compare.
    add column branding_revision bigint not null default 0;

-- The origin on which the flow was started, where it is not the server's own: its browser cookie lies there.
alter table flows add column origin text;

-- Pictures that we serve. One that was replaced stays for a day, for pages that were drawn before.
create table brand_images (
    project_id uuid not null references projects on delete cascade,
    slot text not null check (slot in ('logo_light', 'logo_dark', 'favicon')),
    -- SHA-256 of the bytes, 32 hexadecimal digits of it: the picture's name.
    digest text not null check (digest ~ '^[0-9a-f]{32}$'),
    media_type text not null check (media_type in ('image/png', 'image/jpeg', 'image/webp')),
    width integer not null check (width between 1 and 1024),
    height integer not null check (height between 1 and 1024),
    bytes bytea not null check (octet_length(bytes) between 1 and 262144),
    created_at timestamptz not null default latchkey_now(),
    replaced_at timestamptz,
    primary key (project_id, slot, digest)
);
create unique index brand_images_shown on brand_images (project_id, slot) where replaced_at is null;
