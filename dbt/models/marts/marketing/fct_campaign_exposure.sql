{{ config(indexes=[{"columns": ["campaign_no"]}, {"columns": ["account_no"]}]) }}

with targets as (
    select * from {{ ref("stg_crm__campaign_target") }}
),

campaigns as (
    select * from {{ ref("dim_campaign") }}
),

profiles as (
    select * from {{ ref("stg_crm__profile") }}
),

consents as (
    select * from {{ ref("stg_crm__consent") }}
),

responses as (
    select * from {{ ref("stg_crm__response") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

days as (
    select * from {{ ref("fct_point_day") }} where account_no is not null
),

listed as (
    select
        targets.*,
        profiles.account_no,
        campaigns.product_code,
        campaigns.channel_code,
        campaigns.start_date,
        campaigns.end_date,
        coalesce({{ local_date("targets.contacted_at") }}, campaigns.listed_date) as asked_date
    from targets
    left join campaigns on targets.campaign_no = campaigns.campaign_no
    left join profiles on targets.profile_id = profiles.profile_id
),

agreed as (
    select distinct listed.target_id
    from listed
    inner join consents
        on
            listed.profile_id = consents.profile_id
            and listed.channel_code = consents.channel_code
            and listed.asked_date >= consents.granted_date
            and (consents.withdrawn_date is null or listed.asked_date < consents.withdrawn_date)
),

answers as (
    select
        campaign_no,
        profile_id,
        min(responded_at) as responded_at,
        min(responded_at) filter (where kind_code = 'accepted') as subscribed_at
    from responses
    group by campaign_no, profile_id
),

-- whole weeks before the first day and after the last, the same days for both groups
used as (
    select
        listed.target_id,
        sum(days.import_kwh) filter (where days.business_date < listed.start_date) as before_kwh,
        sum(days.import_kwh) filter (where days.business_date > listed.end_date) as after_kwh,
        count(distinct days.business_date) filter (where days.business_date < listed.start_date) as days_before,
        count(distinct days.business_date) filter (where days.business_date > listed.end_date) as days_after
    from listed
    inner join days
        on
            listed.account_no = days.account_no
            and (
                (
                    listed.start_date - {{ var("campaign_energy_days") }} <= days.business_date
                    and listed.start_date > days.business_date
                )
                or (
                    listed.end_date < days.business_date
                    and listed.end_date + {{ var("campaign_energy_days") }} >= days.business_date
                )
            )
    group by listed.target_id
),

final as (
    select
        listed.target_id,
        listed.campaign_no,
        listed.product_code,
        listed.channel_code,
        listed.account_no,
        accounts.org_no,
        accounts.usage_category,
        listed.group_code,
        agreed.target_id is not null as has_consent,
        listed.contacted_at is not null as is_contacted,
        listed.contacted_at,
        answers.responded_at is not null as is_responded,
        answers.responded_at,
        answers.subscribed_at is not null as is_subscribed,
        answers.subscribed_at,
        case when used.days_before = {{ var("campaign_energy_days") }} then used.before_kwh end::numeric(
            18, 3
        ) as energy_before_kwh,
        case when used.days_after = {{ var("campaign_energy_days") }} then used.after_kwh end::numeric(
            18, 3
        ) as energy_after_kwh,
        current_timestamp as built_at
    from listed
    left join agreed on listed.target_id = agreed.target_id
    left join answers on listed.campaign_no = answers.campaign_no and listed.profile_id = answers.profile_id
    left join used on listed.target_id = used.target_id
    left join accounts on listed.account_no = accounts.account_no
)

select * from final
