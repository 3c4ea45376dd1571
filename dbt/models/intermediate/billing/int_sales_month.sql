{{
    built_by_month(
        [{
            "columns": ["sales_month", "org_no", "usage_category", "industry_code", "voltage_code"],
            "unique": true,
        }],
        month="sales_month",
    )
}}

with bills as (
    select * from {{ ref("fct_bill") }}
    {{ where_changed_month() }}
),

final as (
    select
        bill_month as sales_month,
        coalesce(org_no, '')::text as org_no,
        coalesce(usage_category, '')::text as usage_category,
        coalesce(industry_code, '')::text as industry_code,
        coalesce(voltage_code, '')::text as voltage_code,
        max(station_name_zh) as station_name_zh,
        max(district_name_zh) as district_name_zh,
        max(usage_category_zh) as usage_category_zh,
        sum(energy_kwh) as energy_kwh,
        sum(receivable_yuan) as revenue_yuan,
        count(distinct account_no) as accounts
    from bills
    group by
        bill_month,
        coalesce(org_no, ''),
        coalesce(usage_category, ''),
        coalesce(industry_code, ''),
        coalesce(voltage_code, '')
)

select * from final
