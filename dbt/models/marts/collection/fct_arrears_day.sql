{{ built_by_date([{"columns": ["business_date"]}, {"columns": ["account_no"]}], versions="int_arrears_version") }}

with dates as (
    select business_date from {{ ref("int_arrears_version") }}
    {{ where_changed("business_date", "int_arrears_version") }}
),

debts as (
    select * from {{ ref("int_debt_span") }} where unpaid_yuan > 0
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

classes as (
    select * from {{ ref("ageing_class") }}
),

final as (
    select
        dates.business_date,
        debts.bill_no,
        debts.account_no,
        accounts.org_no,
        accounts.station_name_zh,
        accounts.district_name_zh,
        accounts.usage_category,
        accounts.usage_category_zh,
        debts.due_date,
        dates.business_date - debts.due_date as overdue_days,
        classes.ageing_code,
        classes.name_zh as ageing_zh,
        debts.unpaid_yuan,
        round(debts.fee_before_yuan + {{ late_fee("debts", "dates.business_date") }}, 2)::numeric(18, 2)
            as late_fee_yuan,
        current_timestamp as built_at
    from dates
    inner join debts
        on
            dates.business_date > debts.due_date
            and dates.business_date >= debts.valid_from
            and (debts.valid_to is null or dates.business_date < debts.valid_to)
    left join accounts on debts.account_no = accounts.account_no
    left join classes
        on
            dates.business_date - debts.due_date >= classes.from_days
            and (classes.to_days is null or dates.business_date - debts.due_date <= classes.to_days)
)

select * from final
