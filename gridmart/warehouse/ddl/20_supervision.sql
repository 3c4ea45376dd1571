-- What the gates and the sources say about the data; written by loader (and by builder when it publishes).
set role loader;

-- One row per expectation or test that was checked.
create table if not exists supervision.quality_result (
    result_id bigserial primary key,
    run_id text not null,
    gate text not null check (gate in ('arrival', 'between_layers', 'publication')),
    suite text not null,
    source text,
    table_name text not null,
    column_name text,
    expectation text not null,
    severity text not null check (severity in ('critical', 'warning')),
    is_success boolean not null,
    observed text,
    unexpected_count bigint,
    details jsonb,
    range_from date,
    range_to date,
    checked_at timestamptz not null default now()
);
create index if not exists quality_result_gate_suite_checked_at_idx
    on supervision.quality_result (gate, suite, checked_at desc);

-- One row per decision of the publication gate; red: nothing was copied.
create table if not exists supervision.publication (
    publication_id bigserial primary key,
    run_id text not null,
    status text not null check (status in ('green', 'amber', 'red')),
    reason text,
    range_from date,
    range_to date,
    data_as_of date,
    published_at timestamptz not null default now()
);

-- One row per change of a published row whose history is kept: its content from then on, null once it was gone.
create table if not exists supervision.published_row (
    mart text not null,
    key text not null,
    published_at timestamptz not null default now(),
    run_id text not null,
    content jsonb,
    primary key (mart, key, published_at)
);

-- One row per source: did its last extraction and arrival gate pass.
create table if not exists supervision.source_status (
    source text primary key,
    status text not null check (status in ('ok', 'failed')),
    reason text,
    last_success_at timestamptz,
    last_attempt_at timestamptz not null default now(),
    rows_loaded bigint
);

-- One row per change of a source's schema, as it was noticed.
create table if not exists supervision.schema_change (
    source text not null,
    table_name text not null,
    change text not null check (change in ('column_added', 'column_removed', 'type_changed')),
    column_name text not null,
    old_type text,
    new_type text,
    detected_at timestamptz not null default now(),
    run_id text not null
);

-- One row per column of a source's table at its last good extraction: what the next one is compared with.
create table if not exists supervision.source_column (
    source text not null,
    table_name text not null,
    column_name text not null,
    data_type text not null,
    seen_at timestamptz not null default now(),
    primary key (source, table_name, column_name)
);

-- One row per drop file of a file source that was loaded: the same file twice changes nothing.
create table if not exists supervision.source_file (
    source text not null,
    file_name text not null,
    sha256 text not null,
    row_count bigint not null,
    loaded_at timestamptz not null default now(),
    primary key (source, file_name)
);

create table if not exists landing_weather.hourly (
    station_code text not null,
    valid_at timestamptz not null,
    kind text not null,
    issued_at timestamptz not null,
    temperature_c double precision,
    humidity_pct double precision,
    _extracted_at timestamptz not null,
    primary key (station_code, valid_at, kind)
);
create table if not exists landing_calendar.day (
    business_date date primary key,
    day_type text not null,
    is_workday boolean not null,
    is_holiday boolean not null,
    is_festival boolean not null,
    holiday_name_zh text,
    holiday_name_en text,
    _extracted_at timestamptz not null
);

-- the badge and the copied marts become visible in one transaction, which builder owns
grant insert on supervision.publication to builder;
grant insert, select on supervision.published_row to builder;
-- dbt writes the results of its tests at the end of its own run
grant insert on supervision.quality_result to builder;
grant usage on all sequences in schema supervision to builder;
reset role;
