with source as (
    select * from {{ source("cis", "point_transformer") }}
),

final as (
    select
        point_no::text as point_no,
        transformer_no::text as transformer_no,
        valid_from::date as valid_from,
        valid_to::date as valid_to
    from source
)

select * from final
