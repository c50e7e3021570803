import requests
import json

domain = "<subdomain>.onelogin.com"
client_id = "<client_id>"
client_secret = "<client_secret>"

response = requests.post(
    f"https://{domain}/auth/oauth2/token",
    headers={
        "Authorization": f"client_id:{client_id}, client_secret:{client_secret}",
        "Content-Type": "application/json",
    },
    json={
        "grant_type": "client_credentials"
    }
)

access_token = json.loads(response.text)['data'][0]['access_token']

response = requests.post(
    f"https://{domain}/api/2/api_authorizations",
    headers={
        "Authorization": f"Bearer {access_token}",
        "Content-Type": "application/json",
    },
    json={
        "name": "Test API",
        "description": "This is a test API",
        "configuration": {
            "resource_identifier": "https://example.com/contacts",
            "audiencies": "https://example.com/contacts",
            "access_token_expiration_minutes": 10,
            "refresh_token_expiration_minutes": 30
        }
    }
)

authorization_id = json.loads(response.text)['id']

response = requests.post(
    f"https://{domain}/api/2/api_authorizations/{authorization_id}/claims",
    headers={
        "Authorization": f"Bearer {access_token}",
        "Content-Type": "application/json",
    },
    json={
        "name": "email_address",
    }
)

response = requests.post(
    f"https://{domain}/api/2/api_authorizations/{authorization_id}/scopes",
    headers={
        "Authorization": f"Bearer {access_token}",
        "Content-Type": "application/json",
    },
    json={
        "value": "custom:scope",
        "description": "A custom scope"
    }
)

scope_id = json.loads(response.text)['id']

app_id =

response = requests.post(
    f"https://{domain}/api/2/api_authorizations/{authorization_id}/clients",
    headers={
        "Authorization": f"Bearer {access_token}",
        "Content-Type": "application/json",
    },
    json={
        "app_id": app_id,
        "scopes": [scope_id]
    }
)
