{{ config(indexes=[{"columns": ["bill_month"], "unique": true}], post_hook="analyze {{ this }}") }}

with months as (
    select * from {{ ref("int_bill_month_version") }}
),

paid as (
    {{ tally_of_bills() }}
),

final as (
    select
        months.bill_month,
        md5(concat_ws('|', months.version, paid.hash)) as version
    from months
    left join paid on months.bill_month = paid.bill_month and paid.relation_name = 'raw_cis.a_pay_flow'
)

select * from final
