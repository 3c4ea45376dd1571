with source as (
    select * from {{ source("cis", "account") }}
),

final as (
    select
        account_no::text as account_no,
        customer_no::text as customer_no,
        org_no::text as org_no,
        usage_category::text as usage_category,
        industry_code::text as industry_code,
        voltage_code::text as voltage_code,
        opened_date::date as opened_date,
        closed_date::date as closed_date,
        status_code::text as status_code
    from source
)

select * from final
