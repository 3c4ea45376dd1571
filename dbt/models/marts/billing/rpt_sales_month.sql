with bills as (
    select * from {{ ref("fct_bill") }}
),

final as (
    select
        bill_month as sales_month,
        coalesce(org_no, '')::text as org_no,
        coalesce(usage_category, '')::text as usage_category,
        max(station_name_zh) as station_name_zh,
        max(district_name_zh) as district_name_zh,
        max(usage_category_zh) as usage_category_zh,
        sum(energy_kwh)::numeric(18, 3) as energy_kwh,
        sum(receivable_yuan)::numeric(18, 2) as revenue_yuan,
        (sum(receivable_yuan) / nullif(sum(energy_kwh), 0))::numeric(12, 6) as average_price_yuan,
        count(distinct account_no) as accounts,
        current_timestamp as built_at
    from bills
    group by bill_month, coalesce(org_no, ''), coalesce(usage_category, '')
)

select * from final
