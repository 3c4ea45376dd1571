with targets as (
    select * from {{ ref("stg_crm__campaign_target") }} where contacted_at is not null
),

responses as (
    select * from {{ ref("stg_crm__response") }}
),

campaigns as (
    select * from {{ ref("dim_campaign") }}
),

-- what people did without having been contacted is no step of the funnel
steps as (
    select
        campaign_no,
        contacted_at as happened_at,
        'contacted' as step_code
    from targets
    union all
    select
        responses.campaign_no,
        responses.responded_at,
        case
            when targets.target_id is null then 'unasked'
            when responses.kind_code = 'accepted' then 'subscribed'
            else responses.kind_code
        end
    from responses
    left join targets on responses.campaign_no = targets.campaign_no and responses.profile_id = targets.profile_id
),

counted as (
    select
        date_trunc('hour', steps.happened_at) as hour_start_at,
        coalesce(campaigns.channel_code, '') as channel_code,
        steps.step_code,
        count(*) as steps
    from steps
    left join campaigns on steps.campaign_no = campaigns.campaign_no
    group by date_trunc('hour', steps.happened_at), coalesce(campaigns.channel_code, ''), steps.step_code
),

final as (
    select
        hour_start_at,
        channel_code::text as channel_code,
        step_code::text as step_code,
        {{ local_date("hour_start_at") }} as business_date,
        (
            extract(epoch from hour_start_at - {{ local_midnight(local_date("hour_start_at")) }}) / 3600
        )::integer as hour_of_day,
        steps,
        current_timestamp as built_at
    from counted
)

select * from final
