-- People are found by any word of their name, as a surname. Building the index lets reads through and holds writes of this one
-- table: see "Upgrade" in docs/operations.md. Safe beside the previous version: two functions, and an index that it fills and
-- does not ask.

-- The words of a name in its order, a space before each: small letters without accents, parted by everything of ASCII that is
-- neither letter nor digit. What somebody types is folded by it too. It never fails, since no connection could be written
-- then, and it has built-in functions only: no extension, and the same in every database that has UTF-8. Not `parallel safe`:
-- a look goes through its indexes one after the other, and ends with the one that has enough. Its cost is what it takes, so
-- that no plan prefers to ask it of all rows.
create function latchkey_words(name text) returns text
    language plpgsql immutable strict cost 300 as $$
declare
    folded text := lower(left(name, 200) collate "C");
begin
    -- An address is called by what stands before its host, which many share.
    if strpos(folded, '@') > 0 then
        folded := regexp_replace(folded, '([^ ])@[^ ]*', '\1', 'g');
    end if;
    if octet_length(folded) > char_length(folded) then
        -- Accents are marks of their own then, and go.
        folded := regexp_replace(normalize(folded, NFD), '[\u0300-\u036f]', '', 'g');
        -- Letters that are no other letter with a mark; and capitals, of which a database with the locale C knows A to Z.
        folded := translate(lower(folded),
            'ØøŁłĐđıÐðÆŒẞςÞĦħŊƏ'
            'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ'
            'АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЄІҐЂЈЉЊЋЏЅӘҒҚҢӨҰҮҺ',
            'oollddiddæœßσþhhŋə'
            'αβγδεζηθικλμνξοπρστυφχψω'
            'абвгдежзиклмнопрстуфхцчшщъыьэюяєіґђјљњћџѕәғқңөұүһ');
        folded := replace(replace(replace(folded, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
        -- Spaces, quotes, dashes, points and brackets that are not of ASCII.
        folded := regexp_replace(folded,
            '[\u00a0\u00ab\u00b7\u00bb\u2000-\u206f\u3000-\u3003\u3008-\u3011\u3014-\u301f\u30fb\uff08\uff09\uff0c\uff0e]',
            ' ', 'g');
    end if;
    folded := regexp_replace(folded, '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]+', ' ', 'g');
    return ' ' || btrim(left(folded, 200));
end
$$;

-- The same words, each behind its place, so that a look for one reads what is of this place alone. `array_to_tsvector` takes
-- them as they are: nothing is parsed as an address or as a number, and no dictionary leaves any out.
create function latchkey_place_words(project uuid, environment text, name text) returns tsvector
    language sql immutable
    return array_to_tsvector(string_to_array(
        ltrim(replace(latchkey_words(name), ' ', ' ' || project::text || environment || '/')), ' '));

-- Without a list of what is still to be put in its place: each look would read that too.
create index connections_by_label_words on connections
    using gin (latchkey_place_words(project_id, environment, label)) with (fastupdate = off)
    where deleted_at is null and label is not null;
