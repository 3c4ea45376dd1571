with source as (
    select * from {{ source("cis", "c_cust") }}
),

final as (
    select
        cust_no::text as customer_no,
        cust_name::text as customer_name,
        mobile::text as phone,
        cert_no::text as id_number,
        addr::text as address
    from source
)

select * from final
