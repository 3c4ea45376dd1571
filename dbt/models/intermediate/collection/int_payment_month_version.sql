{{ config(indexes=[{"columns": ["report_month"], "unique": true}]) }}

-- order-free: the sum of the hashes of the rows
with final as (
    select
        date_trunc('month', paid_date)::date as report_month,
        md5(concat_ws(
            '|',
            count(*),
            sum(
                hash_record_extended(
                    row(payment_no, account_no, channel_code, amount_yuan, days_to_pay, bill_month is null), 0
                )
            )
        )) as version
    from {{ ref("fct_payment") }}
    group by date_trunc('month', paid_date)::date
)

select * from final
