{{ built_by_month([{"columns": ["bill_month"], "unique": true}], versions="int_settled_month_version") }}

with bills as (
    select * from {{ ref("fct_bill") }}
    {{ where_changed_month(versions="int_settled_month_version") }}
),

used as (
    select * from {{ ref("int_account_month") }}
    {{ where_changed_month("use_month", versions="int_settled_month_version") }}
),

-- hashes are order-free: the sums of those of the rows; what was read is unknown before the first reading
collected as (
    select
        use_month as bill_month,
        sum(import_kwh) as collected_kwh,
        md5(sum(hashtextextended(account_no, 0))::text) as collected_hash
    from used
    group by use_month
),

billed as (
    select
        bill_month,
        sum(energy_kwh) as billed_kwh,
        md5(sum(distinct hashtextextended(account_no, 0))::text) as billed_hash,
        sum(receivable_yuan) as receivable_yuan,
        sum(received_yuan) as received_yuan,
        count(*) filter (where outstanding_yuan > 0) as owed_bills,
        md5(sum(hashtextextended(bill_no, 0))::text) as bills_hash,
        md5((sum(hashtextextended(bill_no, 0)) filter (where outstanding_yuan = 0))::text) as settled_hash
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
