-- Single sign-on of operators. Beside the previous version: it knows none of this and signs in with passwords, so whoever has
-- none waits until no replica of it runs.

-- Accounts at a provider that sign an operator in. Who somebody is says the issuer with the subject, and never an address.
create table operator_logins (
    id uuid primary key,
    operator_id uuid not null references operators on delete cascade,
    issuer text not null check (length(issuer) between 1 and 2000),
    subject text not null check (octet_length(subject) between 1 and 255),
    -- What people know the account by, as the provider told it last: shown, and compared with nothing.
    label text not null default '' check (length(label) <= 200),
    created_at timestamptz not null default latchkey_now(),
    used_at timestamptz,
    constraint operator_logins_one_person unique (issuer, subject)
);
create index operator_logins_by_operator on operator_logins (operator_id, created_at);

-- Browsers that were sent to the provider, until they come back, once.
create table operator_sign_ons (
    -- SHA-256 of `state`.
    state_hash bytea primary key check (octet_length(state_hash) = 32),
    id uuid not null unique,
    -- SHA-256 of the cookie of the browser that was sent.
    browser_hash bytea not null check (octet_length(browser_hash) = 32),
    -- What it is for, the nonce and the PKCE verifier, sealed with a key of the instance: no project owns it.
    sealed bytea not null,
    created_at timestamptz not null default latchkey_now(),
    ends_at timestamptz not null
);
create index operator_sign_ons_by_end on operator_sign_ons (ends_at);
