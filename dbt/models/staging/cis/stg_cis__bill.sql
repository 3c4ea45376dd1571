with source as (
    select * from {{ source("cis", "bill") }}
),

final as (
    select
        bill_no::text as bill_no,
        account_no::text as account_no,
        bill_month::date as bill_month,
        issued_date::date as issued_date,
        due_date::date as due_date,
        energy_kwh::numeric(18, 3) as energy_kwh,
        amount_yuan::numeric(18, 2) as amount_yuan,
        status_code::text as status_code
    from source
)

select * from final
