{{ built_by_month([{"columns": ["bill_month"]}], versions="int_settled_month_version") }}

with bills as (
    select * from {{ ref("fct_receivable") }}
    where kind_code = 'bill' {{ where_changed_month(word="and", versions="int_settled_month_version") }}
),

final as (
    select
        bill_month,
        coalesce(org_no, '')::text as org_no,
        coalesce(usage_category, '')::text as usage_category,
        max(station_name_zh) as station_name_zh,
        max(district_name_zh) as district_name_zh,
        max(usage_category_zh) as usage_category_zh,
        count(*) as bills,
        sum(receivable_yuan)::numeric(18, 2) as receivable_yuan,
        sum(received_yuan)::numeric(18, 2) as received_yuan,
        sum(outstanding_yuan)::numeric(18, 2) as outstanding_yuan,
        sum(overpaid_yuan)::numeric(18, 2) as overpaid_yuan,
        (sum(received_yuan) / nullif(sum(receivable_yuan), 0))::numeric(12, 6) as recovery_rate,
        current_timestamp as built_at
    from bills
    group by bill_month, coalesce(org_no, ''), coalesce(usage_category, '')
)

select * from final
