{{ built_by_month([{"columns": ["bill_month"], "unique": true}], versions="int_settled_month_version") }}

with bills as (
    select * from {{ ref("fct_bill") }}
    {{ where_changed_month(versions="int_settled_month_version") }}
),

used as (
    select * from {{ ref("int_account_month") }}
    {{ where_changed_month("use_month", versions="int_settled_month_version") }}
),

-- what was read is unknown before the first reading
collected as (
    select
        use_month as bill_month,
        sum(import_kwh) as collected_kwh,
        md5(string_agg(account_no, ',' order by account_no)) as collected_hash
    from used
    group by use_month
),

billed as (
    select
        bill_month,
        sum(energy_kwh) as billed_kwh,
        md5(string_agg(distinct account_no, ',' order by account_no)) as billed_hash,
        sum(receivable_yuan) as receivable_yuan,
        sum(received_yuan) as received_yuan,
        count(*) filter (where outstanding_yuan > 0) as owed_bills,
        md5(string_agg(bill_no, ',' order by bill_no)) as bills_hash,
        md5(string_agg(bill_no, ',' order by bill_no) filter (where outstanding_yuan = 0)) as settled_hash
    from bills
    group by bill_month
),

final as (
    select
        billed.*,
        collected.collected_kwh,
        collected.collected_hash
    from billed
    left join collected on billed.bill_month = collected.bill_month
)

select * from final
