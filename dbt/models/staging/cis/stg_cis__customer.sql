with source as (
    select * from {{ source("cis", "customer") }}
),

final as (
    select
        customer_no::text as customer_no,
        customer_name::text as customer_name,
        phone::text as phone,
        id_number::text as id_number,
        address::text as address
    from source
)

select * from final
