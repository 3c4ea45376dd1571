{{ built_by_month([]) }}

with bills as (
    select * from {{ ref("fct_bill") }}
    {{ where_changed_month() }}
),

differences as (
    select * from {{ ref("fct_bill_difference") }}
    {{ where_changed_month() }}
),

wrong as (
    select
        bill_no,
        sum(difference_yuan) as difference_yuan
    from differences
    where is_wrong and bill_no != ''
    group by bill_no
),

issued as (
    select
        bills.bill_month,
        coalesce(bills.org_no, '') as org_no,
        coalesce(bills.usage_category, '') as usage_category,
        max(bills.station_name_zh) as station_name_zh,
        max(bills.district_name_zh) as district_name_zh,
        count(*) as bills_issued,
        count(wrong.bill_no) as bills_wrong,
        coalesce(sum(abs(wrong.difference_yuan)), 0) as wrong_yuan
    from bills
    left join wrong on bills.bill_no = wrong.bill_no
    group by bills.bill_month, coalesce(bills.org_no, ''), coalesce(bills.usage_category, '')
),

missing as (
    select
        bill_month,
        coalesce(org_no, '') as org_no,
        coalesce(usage_category, '') as usage_category,
        max(station_name_zh) as station_name_zh,
        max(district_name_zh) as district_name_zh,
        count(distinct account_no) as bills_missing
    from differences
    where is_wrong and cause_code = 'missing'
    group by bill_month, coalesce(org_no, ''), coalesce(usage_category, '')
),

final as (
    select
        coalesce(issued.bill_month, missing.bill_month) as bill_month,
        coalesce(issued.org_no, missing.org_no)::text as org_no,
        coalesce(issued.usage_category, missing.usage_category)::text as usage_category,
        coalesce(issued.station_name_zh, missing.station_name_zh) as station_name_zh,
        coalesce(issued.district_name_zh, missing.district_name_zh) as district_name_zh,
        coalesce(issued.bills_issued, 0) as bills_issued,
        coalesce(issued.bills_wrong, 0) as bills_wrong,
        coalesce(missing.bills_missing, 0) as bills_missing,
        coalesce(issued.wrong_yuan, 0)::numeric(18, 2) as wrong_yuan,
        (issued.bills_wrong::numeric / nullif(issued.bills_issued, 0))::numeric(12, 6) as billing_error_rate,
        current_timestamp as built_at
    from issued
    full outer join missing
        on
            issued.bill_month = missing.bill_month
            and issued.org_no = missing.org_no
            and issued.usage_category = missing.usage_category
)

select * from final
