{{
    built_by_month(
        [{"columns": ["account_no", "bill_month"]}, {"columns": ["bill_month"]}],
        versions="int_settled_month_version",
        also="outstanding_yuan > 0",
        differing=true,
    )
}}

-- a bill that is owed is older every day; of the others those of changed months
with settled as (
    select * from {{ ref("int_bill_settled") }}
    {{ where_changed_month(versions="int_settled_month_version", word="where outstanding_yuan > 0 or") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

dated as (
    select
        settled.*,
        settled.outstanding_yuan > 0 and settled.due_date < as_of.settled_as_of as is_overdue,
        as_of.settled_as_of
    from settled
    cross join as_of
),

final as (
    select
        dated.bill_no,
        dated.account_no,
        accounts.org_no,
        accounts.station_name_zh,
        accounts.district_name_zh,
        accounts.usage_category,
        accounts.usage_category_zh,
        accounts.industry_code,
        accounts.voltage_code,
        dated.bill_month,
        dated.issued_date,
        dated.due_date,
        dated.energy_kwh,
        dated.receivable_yuan,
        dated.received_yuan,
        dated.outstanding_yuan,
        dated.overpaid_yuan,
        dated.settled_date,
        dated.is_overdue,
        case when dated.is_overdue then dated.settled_as_of - dated.due_date else 0 end as overdue_days,
        current_timestamp as built_at
    from dated
    left join accounts on dated.account_no = accounts.account_no
)

select * from final
