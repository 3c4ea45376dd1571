{{ config(indexes=[{"columns": ["bill_month"], "unique": true}], post_hook="analyze {{ this }}") }}

with dates as (
    select * from {{ ref("int_date_version") }}
),

tariffs as (
    select * from {{ ref("dim_tariff") }}
),

households as (
    select * from {{ ref("stg_cis__household") }}
),

contracts as (
    select * from {{ ref("int_account_contract") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

readings as (
    select
        date_trunc('month', business_date)::date as bill_month,
        md5(string_agg(version, '' order by business_date)) as version
    from dates
    group by date_trunc('month', business_date)::date
),

issued as (
    select
        to_date(part, 'YYYYMM') as bill_month,
        hash
    from ({{ tally_of("raw_cis.e_bill") }}) as bills
),

-- as delivered: their codes are among the rules below
lined as (
    select
        to_date(part, 'YYYYMM') as bill_month,
        hash
    from ({{ tally_of("raw_cis.e_bill_det") }}) as lines
),

-- a contract or household counts in the months that it touches; its end only in its last month, so that closing it does
-- not change those before
terms as (
    select
        date_trunc('month', contracts.valid_from)::date as valid_from,
        date_trunc('month', contracts.valid_to - 1)::date as last_month,
        {{ row_hash("
                contracts.account_no, contracts.valid_from, contracts.tariff_code, contracts.contract_capacity_kva,
                contracts.capacity_charge_basis, contracts.power_factor_standard, accounts.org_no,
                accounts.station_name_zh, accounts.district_name_zh, accounts.usage_category,
                accounts.usage_category_zh, accounts.industry_code, accounts.voltage_code
        ") }} as hash,
        {{ row_hash("contracts.account_no, contracts.valid_from, contracts.valid_to") }} as end_hash
    from contracts
    left join accounts on contracts.account_no = accounts.account_no
    union all
    select
        date_trunc('month', valid_from)::date,
        date_trunc('month', valid_to - 1)::date,
        {{ row_hash("household_code, account_no, valid_from") }},
        {{ row_hash("household_code, account_no, valid_from, valid_to") }}
    from households
),

hashed as (
    select valid_from, (last_month + interval '1 month')::date as valid_to, hash from terms
    union all
    select last_month, (last_month + interval '1 month')::date, end_hash from terms where last_month is not null
),

registers as (
    {{ running_hash("hashed") }}
),

called as (
    select
        date_trunc('month', c.business_date)::date as bill_month,
        md5(string_agg(row(c.*)::text, '' order by c.business_date)) as version
    from {{ ref("stg_calendar__day") }} as c
    group by date_trunc('month', c.business_date)::date
),

-- few, and whatever they say of any month
rules as (
    select row(t.*)::text as content from tariffs as t
    union all
    select row(t.*)::text from {{ ref("int_tariff_tier") }} as t
    union all
    select row(l.*)::text from {{ ref("tariff_levy") }} as l
    union all
    select row(p.*)::text from {{ ref("power_factor_adjustment") }} as p
    union all
    select row(t.*)::text from {{ ref("tou_period") }} as t
    union all
    select row(p.*)::text from {{ ref("tariff_proposal") }} as p
    union all
    select row(c.*)::text from {{ ref("source_code") }} as c where c.source_name = 'cis'
),

ruled as (
    select md5(string_agg(content, '' order by content)) as version from rules
),

months as (
    select bill_month from readings
    union
    select bill_month from issued
),

own as (
    select
        months.bill_month,
        md5(concat_ws(
            '|',
            readings.version,
            issued.hash,
            lined.hash,
            registers.hash,
            called.version,
            (select ruled.version from ruled),
            '{{ var("bill_tolerance_share") }}',
            '{{ var("bill_tolerance_yuan") }}'
        )) as version
    from months
    left join readings on months.bill_month = readings.bill_month
    left join issued on months.bill_month = issued.bill_month
    left join called on months.bill_month = called.bill_month
    left join lined on months.bill_month = lined.bill_month
    left join registers
        on
            months.bill_month >= registers.valid_from
            and (registers.valid_to is null or months.bill_month < registers.valid_to)
),

-- where anyone has tiers of the year, a month goes on from those before it
spans as (
    select
        coalesce(
            (
                select max(tariffs.tier_basis)
                from contracts
                inner join tariffs on contracts.tariff_code = tariffs.tariff_code
                where tariffs.tier_basis = 'year'
            ), 'month'
        ) as unit
),

final as (
    select
        own.bill_month,
        md5(string_agg(own.version, '') over (
            partition by date_trunc(spans.unit, own.bill_month) order by own.bill_month
        )) as version
    from own
    cross join spans
)

select * from final
