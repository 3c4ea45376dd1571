{{ built_by_month([{"columns": ["proposal_code", "account_no", "bill_month"], "unique": true}]) }}

with present as (
    select * from {{ ref("fct_shadow_bill") }}
),

-- months that are here already have not changed: those that have are deleted before
determinants as (
    select * from {{ ref("int_impact_determinant") }}
    {% if is_incremental() -%}
        where bill_month not in (select kept.bill_month from {{ this }} as kept)
    {%- endif %}
),

lines as (
    {{ rate("determinants") }}
),

proposed as (
    select
        case_code,
        account_no,
        bill_month,
        sum(amount_yuan) as proposed_yuan
    from lines
    group by case_code, account_no, bill_month
),

months as (
    select distinct
        case_code,
        account_no,
        bill_month
    from determinants
),

final as (
    select
        months.case_code as proposal_code,
        months.account_no,
        months.bill_month,
        present.usage_category,
        present.energy_kwh,
        present.shadow_yuan as present_yuan,
        coalesce(proposed.proposed_yuan, 0) as proposed_yuan
    from months
    inner join present on months.account_no = present.account_no and months.bill_month = present.bill_month
    left join proposed
        on
            months.case_code = proposed.case_code
            and months.account_no = proposed.account_no
            and months.bill_month = proposed.bill_month
)

select * from final
