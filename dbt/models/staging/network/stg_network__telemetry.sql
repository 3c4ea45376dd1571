with source as (
    select * from {{ source("network", "dms_telemetry") }}
),

transformers as (
    select psr_id, tran_code from {{ source("network", "pms_transformer") }}
),

final as (
    select
        coalesce(transformers.tran_code, source.psr_id)::text as transformer_no,
        source.meas_time::timestamptz as hour_start_at,
        source.ua_v::numeric(6, 1) as voltage_a_v,
        source.ub_v::numeric(6, 1) as voltage_b_v,
        source.uc_v::numeric(6, 1) as voltage_c_v,
        source.ia_a::numeric(9, 1) as current_a_a,
        source.ib_a::numeric(9, 1) as current_b_a,
        source.ic_a::numeric(9, 1) as current_c_a,
        source.pf::numeric(4, 3) as power_factor,
        source.oil_temp_c::numeric(5, 1) as oil_temperature_c
    from source
    left join transformers on source.psr_id = transformers.psr_id
)

select * from final
