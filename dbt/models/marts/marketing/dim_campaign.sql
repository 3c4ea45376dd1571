with campaigns as (
    select * from {{ ref("stg_crm__campaign") }}
),

final as (
    select
        campaign_no,
        name_zh,
        name_en,
        product_code,
        channel_code,
        listed_date,
        start_date,
        end_date,
        holdout_share,
        budget_yuan,
        status_code,
        current_timestamp as built_at
    from campaigns
)

select * from final
