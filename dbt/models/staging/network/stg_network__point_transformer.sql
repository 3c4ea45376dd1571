with source as (
    select * from {{ source("network", "pms_tran_point") }}
),

transformers as (
    select psr_id, tran_code from {{ source("network", "pms_transformer") }}
),

final as (
    select
        source.rel_id::bigint as relation_id,
        -- the network writes a prefix before the point's number
        regexp_replace(source.mp_code, '^MP-', '')::text as point_no,
        transformers.tran_code::text as transformer_no,
        source.start_date::date as valid_from,
        -- the network's end_date is the last day, valid_to the first day without
        (source.end_date + 1)::date as valid_to
    from source
    left join transformers on source.psr_id = transformers.psr_id
)

select * from final
