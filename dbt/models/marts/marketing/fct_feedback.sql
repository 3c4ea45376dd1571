with answers as (
    select * from {{ ref("stg_crm__feedback") }}
),

rules as (
    select * from {{ ref("feedback_rule") }}
),

classes as (
    select * from {{ ref("feedback_class") }}
),

orders as (
    select * from {{ ref("stg_crm__service_order") }}
),

profiles as (
    select * from {{ ref("stg_crm__profile") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

-- of the keywords in a comment the first by priority counts; the comment itself stays behind
matched as (
    select distinct on (answers.feedback_id)
        answers.feedback_id,
        rules.class_code
    from answers
    inner join rules on position(rules.keyword in answers.comment_text) > 0
    order by answers.feedback_id asc, rules.priority asc
),

classed as (
    select
        answers.feedback_id,
        answers.order_no,
        answers.score,
        answers.given_at,
        orders.category_code,
        orders.org_no,
        coalesce(orders.account_no, profiles.account_no) as account_no,
        case when answers.comment_text is null then 'no_comment' else coalesce(matched.class_code, 'unclassified') end
            as class_code
    from answers
    left join matched on answers.feedback_id = matched.feedback_id
    left join orders on answers.order_no = orders.order_no
    left join profiles on answers.profile_id = profiles.profile_id
),

final as (
    select
        classed.feedback_id,
        classed.order_no,
        classed.category_code,
        classed.account_no,
        coalesce(accounts.org_no, classed.org_no)::text as org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        classed.given_at,
        {{ local_date("classed.given_at") }} as business_date,
        classed.score,
        classed.score >= 4 as is_satisfied,
        classed.class_code::text as class_code,
        classes.class_zh,
        classes.class_en,
        classes.tone_code,
        current_timestamp as built_at
    from classed
    left join classes on classed.class_code = classes.class_code
    left join accounts on classed.account_no = accounts.account_no
    left join organisations on coalesce(accounts.org_no, classed.org_no) = organisations.org_no
)

select * from final
