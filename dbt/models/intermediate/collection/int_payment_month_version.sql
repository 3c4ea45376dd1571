{{ config(indexes=[{"columns": ["report_month"], "unique": true}], post_hook="analyze {{ this }}") }}

with made as (
    select
        date_trunc('month', paid_date)::date as report_month,
        count(*) as payments,
        sum(
            {{ row_hash("payment_no, account_no, channel_code, amount_yuan, days_to_pay, bill_month is null") }}
        ) as hash
    from {{ ref("fct_payment") }}
    group by date_trunc('month', paid_date)::date
),

failed as (
    select
        date_trunc('month', {{ local_date("tried_at") }})::date as report_month,
        count(*) as payments,
        sum({{ row_hash("failed_payment_no, channel_code, amount_yuan") }}) as hash
    from {{ ref("stg_cis__failed_payment") }}
    group by date_trunc('month', {{ local_date("tried_at") }})::date
),

-- order-free: the sums of the hashes of the rows
final as (
    select
        coalesce(made.report_month, failed.report_month) as report_month,
        md5(concat_ws('|', made.payments, made.hash, 'failed', failed.payments, failed.hash)) as version
    from made
    full outer join failed on made.report_month = failed.report_month
)

select * from final
