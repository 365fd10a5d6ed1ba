-- Which connection a session made: typed-in values that are sent once more, because no answer came, find it. Safe beside the
-- previous version: a column that may be null and one with a default, which it neither reads nor writes. What it makes is not
-- found again; such a repeat is refused, as before.

alter table connect_sessions
    -- No foreign key: what is gone is not found by it, and the end of a connection need not look here.
    add column made_id uuid,
    -- A repeat is told whether its values are those that are kept. It is counted, so that nobody guesses by that.
    add column repeats integer not null default 0;
