with feeders as (
    select * from {{ ref("stg_network__feeder") }}
),

substations as (
    select * from {{ ref("stg_network__substation") }}
),

transformers as (
    select * from {{ ref("stg_network__transformer") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

hanging as (
    select
        feeder_no,
        count(*) as transformers,
        sum(rated_kva) as rated_kva
    from transformers
    where feeder_no is not null
    group by feeder_no
),

final as (
    select
        feeders.feeder_no,
        feeders.feeder_name,
        feeders.substation_no,
        substations.substation_name,
        substations.voltage_kv as substation_voltage_kv,
        feeders.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        coalesce(hanging.transformers, 0) as transformers,
        coalesce(hanging.rated_kva, 0)::numeric(14, 3) as rated_kva
    from feeders
    left join substations on feeders.substation_no = substations.substation_no
    left join organisations on feeders.org_no = organisations.org_no
    left join hanging on feeders.feeder_no = hanging.feeder_no
)

select * from final
