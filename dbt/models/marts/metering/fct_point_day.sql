-- the date leads every index: a day's rows lie together, where an index that begins with the point or the account would
-- be written in as many places as there are points
{{ built_by_date([{"columns": ["business_date", "account_no"]}]) }}

with days as (
    select * from {{ source("ami", "point_day") }}
    {{ where_changed() }}
),

spans as (
    select * from {{ ref("int_metering_point_span") }}
),

-- a reading of a point that the register no longer knows stays, without its attributes
final as (
    select
        days.point_no,
        days.business_date,
        spans.account_no,
        spans.point_kind,
        spans.transformer_no,
        spans.feeder_no,
        spans.org_no,
        spans.usage_category,
        days.import_kwh::numeric(18, 3) as import_kwh,
        days.export_kwh::numeric(18, 3) as export_kwh,
        days.import_kvarh::numeric(18, 3) as import_kvarh,
        days.sharp_kwh::numeric(18, 3) as sharp_kwh,
        days.peak_kwh::numeric(18, 3) as peak_kwh,
        days.flat_kwh::numeric(18, 3) as flat_kwh,
        days.valley_kwh::numeric(18, 3) as valley_kwh,
        days.deep_valley_kwh::numeric(18, 3) as deep_valley_kwh,
        days.peak_kw,
        days.peak_at,
        days.hourly_kwh,
        days.intervals_due,
        days.intervals_actual,
        days.intervals_estimated,
        days.rule_bits,
        days.lake_snapshot_id,
        current_timestamp as built_at
    from days
    left join spans
        on
            days.point_no = spans.point_no
            and days.business_date >= spans.valid_from
            and (spans.valid_to is null or days.business_date < spans.valid_to)
)

select * from final
