with orders as (
    select * from {{ ref("stg_network__repair_order") }}
),

faults as (
    select * from {{ ref("stg_network__fault") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

final as (
    select
        orders.order_no,
        orders.fault_no,
        faults.equipment_kind,
        faults.transformer_no,
        faults.feeder_no,
        orders.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        orders.crew_name,
        faults.cause_code,
        faults.cause_zh,
        faults.weather_code,
        {{ local_date("orders.reported_at") }} as business_date,
        orders.reported_at,
        orders.dispatched_at,
        orders.arrived_at,
        orders.finished_at,
        (extract(epoch from orders.dispatched_at - orders.reported_at) / 60)::numeric(12, 2) as dispatch_minutes,
        (extract(epoch from orders.arrived_at - orders.reported_at) / 60)::numeric(12, 2) as arrival_minutes,
        (extract(epoch from orders.finished_at - orders.reported_at) / 60)::numeric(12, 2) as repair_minutes,
        orders.result_zh,
        orders.status_code,
        current_timestamp as built_at
    from orders
    left join faults on orders.fault_no = faults.fault_no
    left join organisations on orders.org_no = organisations.org_no
)

select * from final
