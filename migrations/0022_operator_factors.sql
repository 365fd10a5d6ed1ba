-- A second factor of operators, and the sign-in in two steps. Beside the previous version: it knows none of this and asks
-- for no code, so whoever sets a factor up while a replica of it runs can still sign in there with the password alone.

create table operator_factors (
    operator_id uuid primary key references operators on delete cascade,
    -- The secret of the codes (RFC 6238), sealed with a key of the instance: no project owns it.
    sealed bytea not null,
    created_at timestamptz not null default latchkey_now(),
    -- null: shown, and no code of it was given yet. It counts for nothing then.
    confirmed_at timestamptz,
    -- The 30 seconds of the last code that was taken; that one and those before are used.
    last_step bigint not null default 0
);

-- What lets somebody in who lost the device. Each once.
create table operator_recovery_codes (
    operator_id uuid not null references operator_factors on delete cascade,
    -- HMAC with a key of the instance.
    code_hash bytea not null check (octet_length(code_hash) = 32),
    used_at timestamptz,
    primary key (operator_id, code_hash)
);

-- People who gave the right password, and no code yet.
create table operator_sign_ins (
    -- SHA-256 of the cookie.
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    operator_id uuid not null references operators on delete cascade,
    ends_at timestamptz not null
);
create index operator_sign_ins_by_operator on operator_sign_ins (operator_id);
create index operator_sign_ins_by_end on operator_sign_ins (ends_at);
