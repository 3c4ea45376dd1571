{{ config(indexes=[{"columns": ["bill_month"], "unique": true}], post_hook="analyze {{ this }}") }}

with months as (
    select * from {{ ref("int_bill_month_version") }}
),

paid as (
    select
        to_date(part, 'YYYYMM') as bill_month,
        hash
    from ({{ tally_of("raw_cis.a_pay_flow") }}) as payments
),

final as (
    select
        months.bill_month,
        md5(concat_ws('|', months.version, paid.hash)) as version
    from months
    left join paid on months.bill_month = paid.bill_month
)

select * from final
