{{ config(indexes=[{"columns": ["transformer_no"]}]) }}

with spans as (
    select * from {{ ref("int_metering_point_span") }}
),

-- a span also ends when the meter changes: spans of one transformer that touch are one
marked as (
    select
        *,
        case
            when
                lag(transformer_no) over points = transformer_no
                and lag(valid_to) over points = valid_from
                then 0
            else 1
        end as begins
    from spans
    where transformer_no is not null
    window points as (partition by point_no order by valid_from)
),

numbered as (
    select
        *,
        sum(begins) over (partition by point_no order by valid_from) as place_number
    from marked
),

joined as (
    select
        point_no,
        transformer_no,
        min(valid_from) as valid_from,
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to
    from numbered
    group by point_no, transformer_no, place_number
),

final as (
    select
        point_no,
        transformer_no,
        valid_from,
        valid_to,
        valid_to is null as is_current
    from joined
)

select * from final
