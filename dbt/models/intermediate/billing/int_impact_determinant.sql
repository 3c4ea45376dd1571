{{ built_by_month([{"columns": ["case_code", "account_no", "bill_month", "segment_no"], "unique": true}]) }}

with proposals as (
    select
        *,
        to_tariff_code || '-' || to_char(to_valid_from, 'YYYYMMDD') as to_tariff_key
    from {{ ref("tariff_proposal") }}
),

tariffs as (
    select * from {{ ref("dim_tariff") }}
),

-- months that are here already have not changed: those that have are deleted before
determinants as (
    select * from {{ ref("int_bill_determinant") }}
    where
        is_read and is_priced
        {% if is_incremental() -%}
            and bill_month not in (select kept.bill_month from {{ this }} as kept)
        {%- endif %}
),

segments as (
    select * from {{ ref("int_bill_segment") }}
),

hours as (
    select * from {{ ref("int_tariff_hour") }}
),

days as (
    select * from {{ ref("fct_point_day") }} where point_kind = 'customer'
),

latest as (
    select max(bill_month) as bill_month from {{ ref("fct_shadow_bill") }} where status_code = 'calculated'
),

-- the latest months of those whom a proposal concerns
concerned as (
    select
        proposals.proposal_code,
        proposals.to_tariff_key,
        tariffs.calendar_code,
        segments.valid_from,
        segments.valid_to,
        determinants.*
    from determinants
    inner join proposals on determinants.tariff_code = proposals.from_tariff_code
    inner join tariffs on proposals.to_tariff_key = tariffs.tariff_key
    inner join segments
        on
            determinants.account_no = segments.account_no
            and determinants.bill_month = segments.bill_month
            and determinants.segment_no = segments.segment_no
    inner join latest
        on determinants.bill_month > latest.bill_month - interval '{{ var("impact_months") }} months'
),

-- their energy by the hours of the proposed calendar
hourly as (
    select
        concerned.proposal_code,
        concerned.account_no,
        concerned.bill_month,
        concerned.segment_no,
        hours.period_code,
        sum(used.energy_kwh)::numeric(18, 3) as energy_kwh
    from concerned
    inner join days
        on
            concerned.account_no = days.account_no
            and concerned.valid_from <= days.business_date
            and concerned.valid_to > days.business_date
    cross join lateral unnest(days.hourly_kwh) with ordinality as used (energy_kwh, place)
    inner join hours
        on
            concerned.calendar_code = hours.calendar_code
            and days.business_date = hours.business_date
            and hours.local_hour = used.place - 1
    group by
        concerned.proposal_code, concerned.account_no, concerned.bill_month, concerned.segment_no, hours.period_code
),

by_period as (
    select
        proposal_code,
        account_no,
        bill_month,
        segment_no,
        coalesce(sum(energy_kwh) filter (where period_code = 'sharp'), 0) as sharp_kwh,
        coalesce(sum(energy_kwh) filter (where period_code = 'peak'), 0) as peak_kwh,
        coalesce(sum(energy_kwh) filter (where period_code = 'valley'), 0) as valley_kwh,
        coalesce(sum(energy_kwh) filter (where period_code = 'deep_valley'), 0) as deep_valley_kwh
    from hourly
    group by proposal_code, account_no, bill_month, segment_no
),

-- the energy stays that of the bill: an hour that is not known counts as flat
final as (
    select
        concerned.proposal_code as case_code,
        concerned.account_no,
        concerned.bill_month,
        concerned.segment_no,
        concerned.to_tariff_key as tariff_key,
        concerned.household_code,
        concerned.days,
        concerned.month_days,
        concerned.contract_capacity_kva,
        concerned.capacity_charge_basis,
        concerned.power_factor_standard,
        concerned.year_before_kwh,
        concerned.import_kvarh,
        concerned.max_demand_kw,
        coalesce(by_period.sharp_kwh, 0) as sharp_kwh,
        coalesce(by_period.peak_kwh, 0) as peak_kwh,
        concerned.sharp_kwh + concerned.peak_kwh + concerned.flat_kwh + concerned.valley_kwh
        + concerned.deep_valley_kwh
        - coalesce(
            by_period.sharp_kwh + by_period.peak_kwh + by_period.valley_kwh + by_period.deep_valley_kwh, 0
        ) as flat_kwh,
        coalesce(by_period.valley_kwh, 0) as valley_kwh,
        coalesce(by_period.deep_valley_kwh, 0) as deep_valley_kwh
    from concerned
    left join by_period
        on
            concerned.proposal_code = by_period.proposal_code
            and concerned.account_no = by_period.account_no
            and concerned.bill_month = by_period.bill_month
            and concerned.segment_no = by_period.segment_no
)

select * from final
