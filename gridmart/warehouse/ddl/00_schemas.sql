-- Schemas of the warehouse, their owners, and who may read what, now and in the future.
revoke all on schema public from public;

create schema if not exists raw_ami authorization loader;
create schema if not exists raw_cis authorization loader;
create schema if not exists raw_network authorization loader;
create schema if not exists raw_crm authorization loader;
create schema if not exists raw_market authorization loader;
create schema if not exists raw_weather authorization loader;
create schema if not exists raw_calendar authorization loader;
create schema if not exists landing_ami authorization loader;
create schema if not exists landing_cis authorization loader;
create schema if not exists landing_network authorization loader;
create schema if not exists landing_crm authorization loader;
create schema if not exists landing_market authorization loader;
create schema if not exists landing_weather authorization loader;
create schema if not exists landing_calendar authorization loader;
create schema if not exists supervision authorization loader;
create schema if not exists seeds authorization builder;
create schema if not exists history authorization builder; -- like raw data, nothing makes it again
create schema if not exists staging authorization builder;
create schema if not exists intermediate authorization builder;
create schema if not exists marts_candidate authorization builder;
create schema if not exists marts authorization builder;
create schema if not exists ml authorization scorer;

-- auditor: every table of this database, also those made later; it cannot connect to the others
grant pg_read_all_data to auditor;

-- builder reads what loader and scorer write
grant usage
on schema raw_ami, raw_cis, raw_network, raw_crm, raw_market, raw_weather, raw_calendar, supervision, ml
to builder;
grant select
on all tables in schema
    raw_ami, raw_cis, raw_network, raw_crm, raw_market, raw_weather, raw_calendar, supervision, ml
to builder;
alter default privileges for role loader
in schema raw_ami, raw_cis, raw_network, raw_crm, raw_market, raw_weather, raw_calendar, supervision
grant select on tables to builder;
alter default privileges for role scorer in schema ml grant select on tables to builder;

-- scorer reads marts, candidate and published, and the tariff calendars
grant usage on schema marts_candidate, marts, seeds to scorer;
grant select on all tables in schema marts_candidate, marts, seeds to scorer;
alter default privileges for role builder
in schema marts_candidate, marts, seeds
grant select on tables to scorer;

-- dashboards read published marts and nothing else
grant usage on schema marts to bi_reader;
grant select on all tables in schema marts to bi_reader;
alter default privileges for role builder in schema marts grant select on tables to bi_reader;

-- functions that run a query given as text: an expression with one of them reads past the rule that limits a manager's
-- rows
do $$
declare
    runs_text regprocedure;
begin
    for runs_text in
        select p.oid
        from pg_proc as p
        where
            p.pronamespace = 'pg_catalog'::regnamespace
            and (p.proname ~ '^(query|cursor|table|schema|database)_to_xml' or p.proname = 'ts_stat'
                or (p.proname = 'ts_rewrite' and p.pronargs = 2))
    loop
        execute format('revoke execute on function %s from public', runs_text);
    end loop;
end
$$;
