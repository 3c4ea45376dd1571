with bills as (
    select * from {{ ref("int_impact_bill") }}
),

latest as (
    select max(bill_month) as bill_month from {{ ref("fct_shadow_bill") }} where status_code = 'calculated'
),

compared as (
    select bills.*
    from bills
    inner join latest on bills.bill_month > latest.bill_month - interval '{{ var("impact_months") }} months'
),

proposals as (
    select * from {{ ref("tariff_proposal") }}
),

levels as (
    select
        compared.*,
        level.level_code,
        level.level_no
    from compared
    cross join lateral (
        values
        ('account', compared.account_no),
        ('usage_category', coalesce(compared.usage_category, '')),
        ('company', '')
    ) as level (level_code, level_no)
),

final as (
    select
        levels.proposal_code,
        max(proposals.name_zh) as proposal_name_zh,
        levels.level_code,
        levels.level_no,
        count(distinct levels.account_no)::integer as accounts,
        count(*)::integer as bills,
        sum(levels.energy_kwh)::numeric(18, 3) as energy_kwh,
        sum(levels.present_yuan)::numeric(18, 2) as present_yuan,
        sum(levels.proposed_yuan)::numeric(18, 2) as proposed_yuan,
        sum(levels.proposed_yuan - levels.present_yuan)::numeric(18, 2) as change_yuan,
        (sum(levels.proposed_yuan) / nullif(sum(levels.present_yuan), 0) - 1)::double precision as change_share,
        (count(distinct levels.account_no) filter (where levels.proposed_yuan > levels.present_yuan))::integer
            as accounts_paying_more,
        current_timestamp as built_at
    from levels
    inner join proposals on levels.proposal_code = proposals.proposal_code
    group by levels.proposal_code, levels.level_code, levels.level_no
)

select * from final
