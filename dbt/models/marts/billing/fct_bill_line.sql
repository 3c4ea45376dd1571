{{ built_by_month([{"columns": ["account_no", "bill_month"]}, {"columns": ["bill_month"]}]) }}

with lines as (
    select * from {{ ref("stg_cis__bill_line") }}
),

bills as (
    select * from {{ ref("stg_cis__bill") }}
    {{ where_changed_month() }}
),

final as (
    select
        lines.bill_no,
        lines.line_no,
        bills.account_no,
        bills.bill_month,
        lines.line_kind_code,
        lines.period_code,
        lines.quantity,
        lines.unit_price_yuan,
        lines.amount_yuan
    from lines
    inner join bills on lines.bill_no = bills.bill_no
)

select * from final
