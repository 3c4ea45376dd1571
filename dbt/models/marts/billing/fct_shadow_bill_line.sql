{{ built_by_month([{"columns": ["bill_month"]}]) }}

with determinants as (
    select
        'shadow' as case_code,
        *
    from {{ ref("int_bill_determinant") }}
    where is_read and is_priced {{ where_changed_month(word="and") }}
),

lines as (
    {{ rate("determinants") }}
),

final as (
    select
        account_no,
        bill_month,
        row_number() over (partition by bill_id order by segment_no, place, detail_code)::integer
            as line_no,
        segment_no,
        line_kind_code,
        period_code,
        detail_code,
        quantity,
        unit_price_yuan,
        amount_yuan
    from lines
)

select * from final
