-- Versions of models, what they were measured to be, and their scores; written by scorer alone.
set role scorer;

-- One row per trained version; at most one champion a task.
create table if not exists ml.model_version (
    task text not null,
    model_version text not null,
    trained_at timestamptz not null,
    train_from date not null,
    train_to date not null,
    data_snapshot text not null,
    metrics jsonb not null,
    baseline_metrics jsonb not null,
    is_champion boolean not null,
    artifact_path text not null,
    artifact_sha256 text not null,
    reason text not null,
    primary key (task, model_version)
);
create unique index if not exists model_version_champion on ml.model_version (task) where is_champion;

-- One row per version, level, fold and metric; level_no is '' where the metric is pooled over the level.
create table if not exists ml.backtest_result (
    task text not null,
    model_version text not null,
    level_code text not null,
    level_no text not null,
    fold_no integer not null,
    fold_from date not null,
    fold_to date not null,
    metric text not null,
    model_value double precision,
    baseline_value double precision,
    primary key (task, model_version, level_code, level_no, fold_no, metric)
);

-- One row per series, forecast hour and state of the data it was forecast from.
create table if not exists ml.load_forecast_hour (
    level_code text not null check (level_code in ('company', 'feeder', 'transformer')),
    level_no text not null,
    hour_start timestamptz not null,
    p10_kw double precision not null,
    p50_kw double precision not null,
    p90_kw double precision not null,
    horizon_h integer not null,
    model_version text not null,
    data_snapshot text not null,
    is_fallback boolean not null,
    scored_at timestamptz not null,
    primary key (level_code, level_no, hour_start, data_snapshot),
    check (p10_kw <= p50_kw and p50_kw <= p90_kw)
);
create index if not exists load_forecast_hour_snapshot on ml.load_forecast_hour (data_snapshot);
create index if not exists load_forecast_hour_start on ml.load_forecast_hour (hour_start);

-- One row per account: the segment it is in now.
create table if not exists ml.account_segment (
    account_no text primary key,
    segment_code text not null,
    segment_name_zh text not null,
    segment_name_en text not null,
    distance double precision,
    model_version text not null,
    data_snapshot text not null,
    is_fallback boolean not null,
    scored_at timestamptz not null
);

reset role;
