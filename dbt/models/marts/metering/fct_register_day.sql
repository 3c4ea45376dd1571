{{ built_by_date([{"columns": ["org_no", "business_date"]}], versions="int_register_date_version") }}

with registers as (
    select * from {{ source("ami", "register_day") }}
    {{ where_changed(versions="int_register_date_version") }}
),

earlier as (
    select * from {{ source("ami", "register_day") }}
),

intervals as (
    select * from {{ source("ami", "point_day") }}
    {{ where_changed(versions="int_register_date_version") }}
),

meters as (
    select * from {{ ref("stg_cis__meter") }}
),

spans as (
    select * from {{ ref("int_metering_point_span") }}
),

-- a meter counts from the day after its installation: on that day the indexes belong to two meters
metered as (
    select distinct on (registers.point_no, registers.business_date)
        registers.point_no,
        registers.business_date,
        (meters.ct_ratio * meters.pt_ratio)::numeric as multiplier
    from registers
    inner join meters
        on
            registers.point_no = meters.point_no
            and registers.business_date > meters.installed_date
            and (meters.removed_date is null or registers.business_date < meters.removed_date)
    order by
        registers.point_no asc,
        registers.business_date asc,
        meters.installed_date desc,
        meters.meter_id desc
),

-- materialized here and below: else each column works the advances out again for every use of another
advanced as materialized (
    select
        registers.point_no,
        registers.business_date,
        metered.multiplier,
        (registers.total_index - earlier.total_index)::numeric * metered.multiplier as total_kwh,
        (registers.sharp_index - earlier.sharp_index)::numeric * metered.multiplier as sharp_kwh,
        (registers.peak_index - earlier.peak_index)::numeric * metered.multiplier as peak_kwh,
        (registers.flat_index - earlier.flat_index)::numeric * metered.multiplier as flat_kwh,
        (registers.valley_index - earlier.valley_index)::numeric * metered.multiplier as valley_kwh,
        (registers.deep_valley_index - earlier.deep_valley_index)::numeric * metered.multiplier as deep_valley_kwh
    from registers
    left join earlier
        on registers.point_no = earlier.point_no and earlier.business_date = registers.business_date - 1
    left join metered
        on registers.point_no = metered.point_no and registers.business_date = metered.business_date
),

-- an index that falls went through its last digit, or is of another meter: such a day is not compared
rising as materialized (
    select
        advanced.*,
        coalesce(
            least(
                advanced.total_kwh,
                advanced.sharp_kwh,
                advanced.peak_kwh,
                advanced.flat_kwh,
                advanced.valley_kwh,
                advanced.deep_valley_kwh
            ) >= 0,
            false
        ) as is_rising
    from advanced
),

compared as materialized (
    select
        point_no,
        business_date,
        multiplier,
        case when is_rising then total_kwh end as total_kwh,
        case when is_rising then sharp_kwh end as sharp_kwh,
        case when is_rising then peak_kwh end as peak_kwh,
        case when is_rising then flat_kwh end as flat_kwh,
        case when is_rising then valley_kwh end as valley_kwh,
        case when is_rising then deep_valley_kwh end as deep_valley_kwh
    from rising
),

joined as materialized (
    select
        compared.*,
        intervals.sharp_kwh::numeric(18, 3) as interval_sharp_kwh,
        intervals.peak_kwh::numeric(18, 3) as interval_peak_kwh,
        intervals.flat_kwh::numeric(18, 3) as interval_flat_kwh,
        intervals.valley_kwh::numeric(18, 3) as interval_valley_kwh,
        intervals.deep_valley_kwh::numeric(18, 3) as interval_deep_valley_kwh,
        num_nonnulls(
            compared.sharp_kwh,
            compared.peak_kwh,
            compared.flat_kwh,
            compared.valley_kwh,
            compared.deep_valley_kwh
        ) > 0 as is_comparable,
        intervals.import_kwh is not null as has_intervals,
        coalesce(compared.sharp_kwh, 0)
        + coalesce(compared.peak_kwh, 0)
        + coalesce(compared.flat_kwh, 0)
        + coalesce(compared.valley_kwh, 0)
        + coalesce(compared.deep_valley_kwh, 0) as periods_kwh,
        -- each advance is of two indexes of two decimals: 0.01 at most for each
        0.01 * compared.multiplier * 6 as sum_tolerance_kwh,
        0.01 * compared.multiplier + 0.005 * intervals.import_kwh::numeric as interval_tolerance_kwh
    from compared
    left join intervals on compared.point_no = intervals.point_no and compared.business_date = intervals.business_date
),

measured as materialized (
    select
        joined.*,
        joined.periods_kwh - joined.total_kwh as sum_difference_kwh,
        greatest(
            abs(joined.sharp_kwh - joined.interval_sharp_kwh),
            abs(joined.peak_kwh - joined.interval_peak_kwh),
            abs(joined.flat_kwh - joined.interval_flat_kwh),
            abs(joined.valley_kwh - joined.interval_valley_kwh),
            abs(joined.deep_valley_kwh - joined.interval_deep_valley_kwh)
        ) as period_difference_kwh
    from joined
),

final as (
    select
        measured.point_no,
        measured.business_date,
        spans.account_no,
        spans.transformer_no,
        spans.org_no,
        spans.usage_category,
        measured.total_kwh::numeric(18, 3) as register_total_kwh,
        measured.sharp_kwh::numeric(18, 3) as register_sharp_kwh,
        measured.peak_kwh::numeric(18, 3) as register_peak_kwh,
        measured.flat_kwh::numeric(18, 3) as register_flat_kwh,
        measured.valley_kwh::numeric(18, 3) as register_valley_kwh,
        measured.deep_valley_kwh::numeric(18, 3) as register_deep_valley_kwh,
        measured.interval_sharp_kwh,
        measured.interval_peak_kwh,
        measured.interval_flat_kwh,
        measured.interval_valley_kwh,
        measured.interval_deep_valley_kwh,
        measured.sum_difference_kwh::numeric(18, 3) as sum_difference_kwh,
        measured.period_difference_kwh::numeric(18, 3) as period_difference_kwh,
        case
            when not measured.is_comparable then 'not_comparable'
            when abs(measured.sum_difference_kwh) > measured.sum_tolerance_kwh then 'sum_differs'
            when not measured.has_intervals then 'no_intervals'
            when measured.period_difference_kwh > measured.interval_tolerance_kwh then 'periods_differ'
            else 'agrees'
        end as status_code,
        current_timestamp as built_at
    from measured
    left join spans
        on
            measured.point_no = spans.point_no
            and measured.business_date >= spans.valid_from
            and (spans.valid_to is null or measured.business_date < spans.valid_to)
)

select * from final
