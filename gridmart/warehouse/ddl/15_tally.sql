-- What raw tables hold, as one number a part (the bills of a month): the sum of the hashes of its rows. Triggers keep it
-- with every write, whoever writes, in the same transaction. So the warehouse sees in a moment which months changed,
-- where it would otherwise read every bill and line of all years. Which tables are kept: `tally` in sources/catalog.yml.
set role loader;

create table if not exists supervision.raw_tally (
    relation_name text not null,
    part text not null,
    hash numeric not null,
    primary key (relation_name, part)
);

-- The statement that adds the rows of `rows_name` to the tally of `relation` (sign '+') or takes them away ('-').
-- part: SQL over a row `r` that says to which part it belongs, by what is known as it is written; '' if nothing is.
-- apart: columns that do not count, such as those that say when a row was written.
-- Hashed twice: a row's own hash is a sum over its columns, so two rows that exchange a value would add up as before.
create or replace function supervision.tally_statement(
    relation regclass, rows_name text, sign text, part text, apart text []
) returns text
language sql
stable
as $$
    select
        format(
            'insert into supervision.raw_tally as t (relation_name, part, hash) '
            'select %L, coalesce((%s)::text, ''''), sum(%s hashint8extended(hash_record_extended(row(%s), 0), 0)::numeric) '
            'from %s as r group by 2 '
            'on conflict (relation_name, part) do update set hash = t.hash + excluded.hash',
            relation::text,
            part,
            sign,
            string_agg(format('r.%I', a.attname), ', ' order by a.attname),
            rows_name
        )
    from pg_attribute as a
    where
        a.attrelid = relation
        and a.attnum > 0
        and not a.attisdropped
        and a.attname != all(apart)
$$;

create or replace function supervision.keep_tally() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'TRUNCATE' then
        delete from supervision.raw_tally as t where t.relation_name = tg_relid::regclass::text;
        return null;
    end if;
    if tg_op in ('UPDATE', 'DELETE') then
        execute supervision.tally_statement(tg_relid, 'gone', '-', tg_argv[0], tg_argv[1:]);
    end if;
    if tg_op in ('UPDATE', 'INSERT') then
        execute supervision.tally_statement(tg_relid, 'arrived', '+', tg_argv[0], tg_argv[1:]);
    end if;
    return null;
end
$$;

reset role;
