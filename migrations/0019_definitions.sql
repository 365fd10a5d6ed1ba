-- Definitions that came by the API. Beside the previous version: it works with those of the program and of its folder.

create table integration_definitions (
    integration text primary key,
    version bigint not null,
    -- YAML or JSON, as it was sent.
    document text not null check (octet_length(document) <= 262144),
    -- A keyed digest: who writes to the database alone makes no definition.
    tag bytea not null check (octet_length(tag) = 32),
    made_at timestamptz not null default latchkey_now(),
    made_by text not null
);

-- The last fifty of each, also of those that are gone. A version without a document is a removal.
create table integration_definition_versions (
    integration text not null,
    version bigint not null,
    document text,
    tag bytea check (octet_length(tag) = 32),
    made_at timestamptz not null default latchkey_now(),
    made_by text not null,
    primary key (integration, version),
    constraint integration_definition_versions_tagged check ((document is null) = (tag is null))
);
