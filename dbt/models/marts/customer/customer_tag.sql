{{ config(indexes=[{"columns": ["tag_code"]}]) }}

with rules as (
    select * from {{ ref("customer_tag_rule") }}
),

measures as (
    select * from {{ ref("int_account_measure") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

final as (
    select
        measures.account_no,
        rules.tag_code,
        rules.tag_zh,
        rules.tag_en,
        rules.tag_group,
        accounts.org_no,
        accounts.usage_category,
        rules.measure_code,
        measures.measure_value::numeric(18, 4) as evidence_value,
        rules.comparison,
        rules.threshold,
        as_of.settled_as_of as tagged_date,
        current_timestamp as built_at
    from measures
    inner join rules on measures.measure_code = rules.measure_code
    inner join accounts on measures.account_no = accounts.account_no
    cross join as_of
    where
        case rules.comparison
            when 'at_least' then measures.measure_value >= rules.threshold
            when 'at_most' then measures.measure_value <= rules.threshold
        end
)

select * from final
