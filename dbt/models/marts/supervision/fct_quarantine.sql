with records as (
    select * from {{ source("ami", "quarantine") }}
),

final as (
    select
        file_id,
        file_name,
        row_number,
        rule as rule_code,
        reason,
        next_step,
        point_no,
        business_date,
        arrived_date
    from records
)

select * from final
