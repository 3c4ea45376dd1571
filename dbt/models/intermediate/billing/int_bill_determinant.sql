{{
    built_by_month(
        [{"columns": ["account_no", "bill_month", "segment_no"], "unique": true}, {"columns": ["bill_month"]}],
        analyze=true,
    )
}}

with segments as (
    select * from {{ ref("int_bill_segment") }}
    {{ where_changed_month() }}
),

-- twice, since what is read once is read by all cores
days_of_months as (
    select * from {{ ref("fct_point_day") }}
    where
        account_no is not null and point_kind = 'customer' and import_kwh is not null
        {{ and_in_changed_months() }}
),

days_of_parts as (
    select * from {{ ref("fct_point_day") }}
    where
        point_kind = 'customer' and import_kwh is not null
        {{ and_in_changed_months() }}
),

-- what tiers of the year go on from is of the same year
issued as (
    select * from {{ ref("stg_cis__bill") }}
    {{ where_in_changed_years() }}
),

-- most months are one segment: their days are added up without being joined to it; parts of a month are
parts as (
    select *
    from {{ ref("int_bill_segment") }}
    where days < month_days {{ where_changed_month(word="and") }}
),

whole_months as (
    select
        days.account_no,
        date_trunc('month', days.business_date::timestamp)::date as bill_month,
        days.point_no,
        count(*) as days_read,
        sum(days.sharp_kwh) as sharp_kwh,
        sum(days.peak_kwh) as peak_kwh,
        sum(days.flat_kwh) as flat_kwh,
        sum(days.valley_kwh) as valley_kwh,
        sum(days.deep_valley_kwh) as deep_valley_kwh,
        sum(days.import_kvarh) as import_kvarh,
        max(days.peak_kw) as max_demand_kw,
        sum(days.intervals_estimated) as intervals_estimated,
        sum(days.intervals_actual) as intervals_actual
    from days_of_months as days
    group by days.point_no, days.account_no, date_trunc('month', days.business_date::timestamp)::date
),

part_months as (
    select
        days.account_no,
        parts.bill_month,
        parts.segment_no,
        days.point_no,
        count(*) as days_read,
        sum(days.sharp_kwh) as sharp_kwh,
        sum(days.peak_kwh) as peak_kwh,
        sum(days.flat_kwh) as flat_kwh,
        sum(days.valley_kwh) as valley_kwh,
        sum(days.deep_valley_kwh) as deep_valley_kwh,
        sum(days.import_kvarh) as import_kvarh,
        max(days.peak_kw) as max_demand_kw,
        sum(days.intervals_estimated) as intervals_estimated,
        sum(days.intervals_actual) as intervals_actual
    from days_of_parts as days
    inner join parts
        on
            days.account_no = parts.account_no
            and days.business_date >= parts.valid_from
            and days.business_date < parts.valid_to
    group by days.point_no, days.account_no, parts.bill_month, parts.segment_no
),

by_point as (
    select
        account_no,
        bill_month,
        1 as segment_no,
        days_read,
        sharp_kwh,
        peak_kwh,
        flat_kwh,
        valley_kwh,
        deep_valley_kwh,
        import_kvarh,
        max_demand_kw,
        intervals_estimated,
        intervals_actual
    from whole_months
    where
        not exists (
            select 1
            from parts
            where parts.account_no = whole_months.account_no and parts.bill_month = whole_months.bill_month
        )
    union all
    select
        account_no,
        bill_month,
        segment_no,
        days_read,
        sharp_kwh,
        peak_kwh,
        flat_kwh,
        valley_kwh,
        deep_valley_kwh,
        import_kvarh,
        max_demand_kw,
        intervals_estimated,
        intervals_actual
    from part_months
),

-- the demand of an account is the sum of the highest of each of its points
by_segment as (
    select
        account_no,
        bill_month,
        segment_no,
        min(days_read) as days_read,
        sum(sharp_kwh) as sharp_kwh,
        sum(peak_kwh) as peak_kwh,
        sum(flat_kwh) as flat_kwh,
        sum(valley_kwh) as valley_kwh,
        sum(deep_valley_kwh) as deep_valley_kwh,
        sum(import_kvarh) as import_kvarh,
        sum(max_demand_kw)::numeric(18, 3) as max_demand_kw,
        sum(intervals_estimated) as intervals_estimated,
        sum(intervals_actual) as intervals_actual
    from by_point
    group by account_no, bill_month, segment_no
),

read as (
    select
        segments.account_no,
        segments.bill_month,
        segments.segment_no,
        segments.tariff_code,
        segments.tariff_key,
        segments.tier_basis,
        segments.household_code,
        segments.days,
        segments.month_days,
        segments.contract_capacity_kva,
        segments.capacity_charge_basis,
        segments.power_factor_standard,
        coalesce(by_segment.sharp_kwh, 0)::numeric(18, 3) as sharp_kwh,
        coalesce(by_segment.peak_kwh, 0)::numeric(18, 3) as peak_kwh,
        coalesce(by_segment.flat_kwh, 0)::numeric(18, 3) as flat_kwh,
        coalesce(by_segment.valley_kwh, 0)::numeric(18, 3) as valley_kwh,
        coalesce(by_segment.deep_valley_kwh, 0)::numeric(18, 3) as deep_valley_kwh,
        coalesce(by_segment.import_kvarh, 0)::numeric(18, 3) as import_kvarh,
        coalesce(by_segment.max_demand_kw, 0)::numeric(18, 3) as max_demand_kw,
        coalesce(by_segment.intervals_estimated, 0)::bigint as intervals_estimated,
        coalesce(by_segment.intervals_actual, 0)::bigint as intervals_actual,
        bool_and(segments.tariff_key is not null) over of_month
        and sum(segments.days) over of_month = segments.active_days as is_priced,
        bool_and(coalesce(by_segment.days_read, 0) >= segments.days) over of_month as is_read
    from segments
    left join by_segment
        on
            segments.account_no = by_segment.account_no
            and segments.bill_month = by_segment.bill_month
            and segments.segment_no = by_segment.segment_no
    window of_month as (partition by segments.account_no, segments.bill_month)
),

-- tiers of the year go on from what was used before: as it was read, or where it was not, as it was billed
yearly as (
    select distinct account_no from segments where tier_basis = 'year'
),

used as (
    select
        read.account_no,
        read.bill_month,
        sum(read.sharp_kwh + read.peak_kwh + read.flat_kwh + read.valley_kwh + read.deep_valley_kwh) as energy_kwh
    from read
    inner join yearly on read.account_no = yearly.account_no
    where read.is_read
    group by read.account_no, read.bill_month
    {% if is_incremental() -%}
        -- months that stay as they are
        union all
        select
            stays.account_no,
            stays.bill_month,
            sum(stays.sharp_kwh + stays.peak_kwh + stays.flat_kwh + stays.valley_kwh + stays.deep_valley_kwh)
        from {{ this }} as stays
        inner join yearly on stays.account_no = yearly.account_no
        where stays.is_read {{ where_in_changed_years("stays.bill_month", word="and") }}
        group by stays.account_no, stays.bill_month
    {%- endif %}
),

billed as (
    select distinct on (issued.account_no, issued.bill_month)
        issued.account_no,
        issued.bill_month,
        issued.energy_kwh
    from issued
    inner join yearly on issued.account_no = yearly.account_no
    order by issued.account_no asc, issued.bill_month asc, issued.issued_date asc, issued.bill_no asc
),

known as (
    select
        coalesce(used.account_no, billed.account_no) as account_no,
        coalesce(used.bill_month, billed.bill_month) as bill_month,
        coalesce(used.energy_kwh, billed.energy_kwh) as energy_kwh
    from used
    full outer join billed on used.account_no = billed.account_no and used.bill_month = billed.bill_month
),

before as (
    select
        account_no,
        bill_month,
        sum(energy_kwh) over (
            partition by account_no, date_trunc('year', bill_month)
            order by bill_month
            rows between unbounded preceding and 1 preceding
        ) as year_before_kwh
    from known
),

final as (
    select
        read.*,
        coalesce(before.year_before_kwh, 0)::numeric(18, 3) as year_before_kwh
    from read
    left join before
        on
            read.account_no = before.account_no
            and read.bill_month = before.bill_month
            and read.tier_basis = 'year'
)

select * from final
