with campaigns as (
    select * from {{ ref("dim_campaign") }}
),

exposures as (
    select * from {{ ref("fct_campaign_exposure") }}
),

targets as (
    select * from {{ ref("stg_crm__campaign_target") }}
),

responses as (
    select * from {{ ref("stg_crm__response") }}
),

-- as drawn by lot: who was not reached stays a target, who heard of it stays held out
counted as (
    select
        campaign_no,
        count(*) filter (where group_code = 'target') as targets,
        count(*) filter (where group_code = 'holdout') as holdouts,
        count(*) filter (where group_code = 'target' and is_contacted) as targets_contacted,
        count(*) filter (where group_code = 'holdout' and is_contacted) as holdouts_contacted,
        count(*) filter (where group_code = 'target' and is_subscribed) as targets_subscribed,
        count(*) filter (where group_code = 'holdout' and is_subscribed) as holdouts_subscribed,
        count(*) filter (where is_contacted and not has_consent) as contacted_without_consent
    from exposures
    group by campaign_no
),

unlisted as (
    select
        responses.campaign_no,
        count(distinct responses.profile_id) as subscribed_unlisted
    from responses
    left join targets on responses.campaign_no = targets.campaign_no and responses.profile_id = targets.profile_id
    where responses.kind_code = 'accepted' and targets.target_id is null
    group by responses.campaign_no
),

spine as (
    select campaign_no from campaigns
    union
    select campaign_no from counted
    union
    select campaign_no from unlisted
),

filled as (
    select
        spine.campaign_no,
        campaigns.name_zh,
        campaigns.name_en,
        campaigns.product_code,
        campaigns.channel_code,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.status_code,
        campaigns.budget_yuan,
        coalesce(counted.targets, 0) as targets,
        coalesce(counted.holdouts, 0) as holdouts,
        coalesce(counted.targets_contacted, 0) as targets_contacted,
        coalesce(counted.holdouts_contacted, 0) as holdouts_contacted,
        coalesce(counted.targets_subscribed, 0) as targets_subscribed,
        coalesce(counted.holdouts_subscribed, 0) as holdouts_subscribed,
        coalesce(counted.contacted_without_consent, 0) as contacted_without_consent,
        coalesce(unlisted.subscribed_unlisted, 0) as subscribed_unlisted
    from spine
    left join campaigns on spine.campaign_no = campaigns.campaign_no
    left join counted on spine.campaign_no = counted.campaign_no
    left join unlisted on spine.campaign_no = unlisted.campaign_no
),

rated as (
    select
        *,
        targets_subscribed::double precision / nullif(targets, 0) as target_rate,
        holdouts_subscribed::double precision / nullif(holdouts, 0) as holdout_rate,
        {{ wilson("targets_subscribed", "targets", "-") }} as target_low,
        {{ wilson("targets_subscribed", "targets", "+") }} as target_high,
        {{ wilson("holdouts_subscribed", "holdouts", "-") }} as holdout_low,
        {{ wilson("holdouts_subscribed", "holdouts", "+") }} as holdout_high
    from filled
),

compared as (
    select
        *,
        target_rate - holdout_rate as uplift,
        target_rate - holdout_rate - sqrt((target_rate - target_low) ^ 2 + (holdout_high - holdout_rate) ^ 2) as low,
        target_rate - holdout_rate + sqrt((target_high - target_rate) ^ 2 + (holdout_rate - holdout_low) ^ 2) as high
    from rated
),

judged as (
    select
        *,
        case
            when targets = 0 then 'no_target'
            when holdouts = 0 then 'no_holdout'
            when least(targets, holdouts) < {{ var("uplift_min_group") }} then 'too_few'
            when low > 0 then 'better'
            when high < 0 then 'worse'
            else 'not_shown'
        end as verdict_code
    from compared
),

final as (
    select
        campaign_no,
        name_zh,
        name_en,
        product_code,
        channel_code,
        start_date,
        end_date,
        status_code,
        coalesce(status_code = 'ended', false) as is_final,
        budget_yuan,
        targets,
        holdouts,
        targets_contacted,
        holdouts_contacted,
        contacted_without_consent,
        targets_subscribed,
        holdouts_subscribed,
        subscribed_unlisted,
        target_rate::numeric(12, 6) as target_rate,
        holdout_rate::numeric(12, 6) as holdout_rate,
        uplift::numeric(12, 6) as uplift,
        low::numeric(12, 6) as uplift_low,
        high::numeric(12, 6) as uplift_high,
        case when verdict_code in ('better', 'worse', 'not_shown') then verdict_code != 'not_shown' end
            as is_significant,
        verdict_code::text as verdict_code,
        (uplift * targets)::numeric(18, 2) as additional_subscriptions,
        case when verdict_code = 'better' then budget_yuan / (uplift * targets)::numeric end::numeric(
            18, 2
        ) as cost_per_additional_yuan,
        current_timestamp as built_at
    from judged
)

select * from final
