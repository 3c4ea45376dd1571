with source as (
    select * from {{ source("cis", "p_subscr") }}
),

products as (
    select prod_id, prod_code from {{ source("cis", "p_product") }}
),

states as (
    {{ codes_of("cis", "p_subscr.status_code") }}
),

final as (
    select
        source.subscr_id::text as subscription_no,
        products.prod_code::text as product_code,
        source.cons_no::text as account_no,
        source.begin_date::date as begin_date,
        source.end_date::date as end_date,
        coalesce(states.contract_code, source.status_code)::text as status_code
    from source
    left join products on source.prod_id = products.prod_id
    left join states on source.status_code = states.source_code
)

select * from final
