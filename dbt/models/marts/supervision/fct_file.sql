with files as (
    select * from {{ source("ami", "file") }}
),

final as (
    select
        file_id,
        name,
        format,
        status,
        size_bytes,
        delivered_records,
        accepted_records,
        quarantined_records,
        readings,
        first_at,
        last_at,
        message,
        arrived_at
    from files
)

select * from final
