{{ config(indexes=[{"columns": ["business_date"], "unique": true}], post_hook="analyze {{ this }}") }}

with debts as (
    select * from {{ ref("int_debt_span") }} where unpaid_yuan > 0
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

classes as (
    select * from {{ ref("ageing_class") }}
),

as_of as (
    select settled_as_of from {{ ref("int_as_of") }}
),

-- without valid_to in the hash: a payment must not change the dates before it
hashed as (
    select
        debts.valid_from,
        debts.valid_to,
        hashtextextended(
            row(
                debts.bill_no, debts.account_no, debts.due_date, debts.valid_from, debts.unpaid_yuan,
                debts.fee_before_yuan, debts.late_fee_rate, debts.late_fee_rate_later_years,
                accounts.org_no, accounts.station_name_zh, accounts.district_name_zh, accounts.usage_category,
                accounts.usage_category_zh
            )::text, 0
        ) as hash
    from debts
    left join accounts on debts.account_no = accounts.account_no
    union all
    select date '0001-01-01', null, hashtextextended(row(c.*)::text, 0) from classes as c
),

states as (
    {{ running_hash("hashed") }}
),

final as (
    select
        days.day::date as business_date,
        md5(states.hash::text) as version
    from as_of
    cross join
        lateral generate_series(
            (select min(debts.due_date) + 1 from debts)::timestamp, as_of.settled_as_of::timestamp, interval '1 day'
        ) as days (day)
    left join states
        on
            days.day::date >= states.valid_from
            and (states.valid_to is null or days.day::date < states.valid_to)
)

select * from final
