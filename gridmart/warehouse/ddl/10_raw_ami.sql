-- Roll-ups of the lake's clean readings, replaced per date, and mirrors of its registers of files. Time leads their
-- keys: a day's rows go to the end of the index, and not to as many places in it as there are points.
set role loader;

create table if not exists raw_ami.point_day (
    point_no text not null,
    business_date date not null,
    import_kwh double precision,
    export_kwh double precision,
    import_kvarh double precision,
    sharp_kwh double precision,
    peak_kwh double precision,
    flat_kwh double precision,
    valley_kwh double precision,
    deep_valley_kwh double precision,
    peak_kw double precision,
    peak_at timestamptz,
    hourly_kwh real[],
    intervals_due integer not null,
    intervals_actual integer not null,
    intervals_estimated integer not null,
    rule_bits integer not null,
    register_advance_kwh double precision,
    lake_snapshot_id bigint not null,
    loaded_at timestamptz not null,
    primary key (business_date, point_no)
);

create table if not exists raw_ami.transformer_hour (
    transformer_no text not null,
    hour_start timestamptz not null,
    business_date date not null,
    supplied_kwh double precision,
    sold_kwh double precision not null,
    generation_kwh double precision not null,
    supplied_estimated_kwh double precision not null,
    sold_estimated_kwh double precision not null,
    points integer not null,
    lake_snapshot_id bigint not null,
    loaded_at timestamptz not null,
    primary key (hour_start, transformer_no)
);
create index if not exists transformer_hour_date on raw_ami.transformer_hour using brin (business_date);

create table if not exists raw_ami.feeder_hour (
    feeder_no text not null,
    hour_start timestamptz not null,
    business_date date not null,
    supplied_kwh double precision,
    sold_kwh double precision not null,
    generation_kwh double precision not null,
    supplied_estimated_kwh double precision not null,
    sold_estimated_kwh double precision not null,
    points integer not null,
    lake_snapshot_id bigint not null,
    loaded_at timestamptz not null,
    primary key (hour_start, feeder_no)
);
create index if not exists feeder_hour_date on raw_ami.feeder_hour using brin (business_date);

create table if not exists raw_ami.collection_day (
    business_date date not null,
    transformer_no text not null,
    points_due integer not null,
    points_read integer not null,
    points_complete integer not null,
    intervals_due integer not null,
    intervals_actual integer not null,
    intervals_estimated integer not null,
    lake_snapshot_id bigint not null,
    loaded_at timestamptz not null,
    primary key (business_date, transformer_no)
);

-- where roll-ups wait for their arrival gate; keys without the indexes of raw, since dates leave again
create table if not exists landing_ami.point_day (like raw_ami.point_day including defaults);
create table if not exists landing_ami.transformer_hour (like raw_ami.transformer_hour including defaults);
create table if not exists landing_ami.feeder_hour (like raw_ami.feeder_hour including defaults);
create table if not exists landing_ami.collection_day (like raw_ami.collection_day including defaults);

-- what each date was validated from: written with its roll-ups, so both are there or neither
create table if not exists raw_ami.validated_date (
    business_date date primary key,
    fingerprint text not null,
    next_fingerprint text,
    raw_fingerprint text not null,
    readings bigint not null,
    rule_version integer not null,
    lake_snapshot_id bigint not null,
    validated_at timestamptz not null
);

create table if not exists raw_ami.file (
    file_id text primary key,
    name text,
    path text,
    size_bytes bigint,
    mtime_ns bigint,
    format text,
    status text,
    delivered_records bigint,
    accepted_records bigint,
    quarantined_records bigint,
    readings bigint,
    first_at timestamptz,
    last_at timestamptz,
    message text,
    arrived_at timestamptz
);

create table if not exists raw_ami.quarantine (
    file_id text not null,
    file_name text,
    row_number bigint not null,
    rule text not null,
    reason text,
    next_step text,
    point_no text not null default '',
    channel text,
    business_date date,
    content text,
    arrived_date date
);
create unique index if not exists quarantine_key on raw_ami.quarantine
    (file_id, row_number, rule, point_no, (coalesce(business_date, date '0001-01-01')));

-- told by files of events: an event that several tell is there once
create table if not exists raw_ami.meter_event (
    point_no text not null,
    meter_no text not null,
    event_code text not null,
    occurred_at timestamptz not null,
    business_date date not null,
    arrived_at timestamptz not null,
    file_id text not null,
    row_number bigint not null,
    primary key (point_no, meter_no, occurred_at, event_code)
);
create index if not exists meter_event_date on raw_ami.meter_event using brin (business_date);

-- told by files of collection tasks: points by result and try; of several files about a task the latest counts
create table if not exists raw_ami.collection_task (
    org_no text not null,
    business_date date not null,
    task_code text not null,
    planned_at timestamptz not null,
    result_code text not null,
    tries integer not null,
    points bigint not null,
    arrived_at timestamptz not null,
    file_id text not null,
    row_number bigint not null,
    primary key (business_date, org_no, task_code, planned_at, file_id, row_number)
);

-- indexes by time-of-use period at the end of a date, and the total beside them (secondary, kWh by the multiplier)
create table if not exists raw_ami.register_day (
    point_no text not null,
    business_date date not null,
    total_index double precision,
    sharp_index double precision,
    peak_index double precision,
    flat_index double precision,
    valley_index double precision,
    deep_valley_index double precision,
    version bigint not null,
    arrived_at timestamptz not null,
    primary key (business_date, point_no)
);

-- tables made before time led their keys
do $$
declare
    old record;
begin
    for old in
        select t.name, t.key, c.conname
        from (
            values
            ('point_day', 'business_date, point_no'),
            ('register_day', 'business_date, point_no'),
            ('transformer_hour', 'hour_start, transformer_no'),
            ('feeder_hour', 'hour_start, feeder_no')
        ) as t (name, key)
        inner join pg_constraint as c on c.conrelid = ('raw_ami.' || t.name)::regclass and c.contype = 'p'
        where
            c.conkey[1] != (
                select a.attnum
                from pg_attribute as a
                where a.attrelid = c.conrelid and a.attname = split_part(t.key, ',', 1)
            )
    loop
        execute format(
            'alter table raw_ami.%I drop constraint %I, add primary key (%s)', old.name, old.conname, old.key
        );
    end loop;
end $$;
drop index if exists raw_ami.point_day_date, raw_ami.register_day_date;

reset role;
