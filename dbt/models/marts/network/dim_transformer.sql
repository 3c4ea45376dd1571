with transformers as (
    select * from {{ ref("stg_network__transformer") }}
),

feeders as (
    select * from {{ ref("stg_network__feeder") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

final as (
    select
        transformers.transformer_no,
        transformers.transformer_name,
        transformers.feeder_no,
        feeders.feeder_name,
        transformers.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        transformers.rated_kva,
        transformers.ownership_code
    from transformers
    left join feeders on transformers.feeder_no = feeders.feeder_no
    left join organisations on transformers.org_no = organisations.org_no
)

select * from final
