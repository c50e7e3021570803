"""What is deployed, as AWS's own client tells it: `cargo xtask deploy-local` holds it against template.yaml.

    deployed.py template FILE        the template as JSON, its functions written out (`!Ref A` is {"Ref": "A"})
    deployed.py describe STACK       each resource of the stack, its properties spelled as CloudFormation spells them
    deployed.py take STACK           take every function's policy away; prints what `give` puts back
    deployed.py give FILE            put back what `take` printed
    deployed.py logs STACK           every function's log, line by line
    deployed.py delete STACK         delete the stack; prints what is left of it

The endpoint and the credentials are those of the environment.
"""

import json
import sys

import boto3
import yaml


def client(service):
    return boto3.client(service)


def pages(service, operation, key, **arguments):
    for page in client(service).get_paginator(operation).paginate(**arguments):
        yield from page[key]


# ---------------------------------------------------------------- the template


class Loader(yaml.SafeLoader):
    pass


def function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", function)


def template(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)


# ---------------------------------------------------------------- what is deployed


def resources(stack):
    return list(pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack))


def described(stack):
    found = {
        it["LogicalResourceId"]: {"Type": it["ResourceType"], "PhysicalId": it["PhysicalResourceId"]}
        for it in resources(stack)
    }
    for resource in found.values():
        describe = DESCRIBE.get(resource["Type"])
        properties, attributes = describe(resource["PhysicalId"], found) if describe else ({}, {})
        resource |= {"Properties": properties, "Attributes": attributes}
    summary = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {
        "Status": summary["StackStatus"],
        "Parameters": {it["ParameterKey"]: it["ParameterValue"] for it in summary["Parameters"]},
        "Outputs": {it["OutputKey"]: it["OutputValue"] for it in summary["Outputs"]},
        "Resources": found,
        # Of the whole account, so that what should not be there is seen.
        "Routes": [
            route["RouteKey"]
            for api in client("apigatewayv2").get_apis()["Items"]
            for route in client("apigatewayv2").get_routes(ApiId=api["ApiId"])["Items"]
        ],
        "Alarms": [it["AlarmName"] for it in pages("cloudwatch", "describe_alarms", "MetricAlarms")],
        "Dashboards": [it["DashboardName"] for it in client("cloudwatch").list_dashboards()["DashboardEntries"]],
    }


def own(tags):
    """Without what CloudFormation and SAM add."""
    return {name: value for name, value in tags.items() if not name.startswith(("aws:", "lambda:"))}


def as_list(tags):
    tags = own({it.get("Key", it.get("TagKey")): it.get("Value", it.get("TagValue")) for it in tags})
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def role_policies(role):
    iam = client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}


def lambda_function(name, _):
    function = client("lambda").get_function(FunctionName=name)
    made = function["Configuration"]
    role = made["Role"].rsplit("/", 1)[-1]
    iam = client("iam")
    properties = {key: made[key] for key in ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures")}
    properties |= {
        "Environment": {"Variables": made["Environment"]["Variables"]},
        "LoggingConfig": made["LoggingConfig"],
        "Tracing": made["TracingConfig"]["Mode"],
        "Tags": own(function["Tags"]),
        "Policies": list(role_policies(role).values()),
        # Beside the template's: what SAM adds to a role by itself.
        "ManagedPolicies": [
            it["PolicyName"] for it in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        ],
        "Trust": iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
    }
    return properties, {"Arn": made["FunctionArn"]}


def lambda_permission(sid, found):
    for resource in found.values():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        name = resource["PhysicalId"]
        try:
            policy = json.loads(client("lambda").get_policy(FunctionName=name)["Policy"])
        except client("lambda").exceptions.ResourceNotFoundException:
            continue
        for statement in policy["Statement"]:
            if statement["Sid"] == sid and statement["Effect"] == "Allow":
                source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn")
                properties = {
                    "FunctionName": name,
                    "Action": statement["Action"],
                    "Principal": statement["Principal"]["Service"],
                    "SourceArn": source,
                }
                return properties, {}
    return {}, {}


def table(name, _):
    dynamodb = client("dynamodb")
    made = dynamodb.describe_table(TableName=name)["Table"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    properties = {
        "BillingMode": made["BillingModeSummary"]["BillingMode"],
        "AttributeDefinitions": made["AttributeDefinitions"],
        "KeySchema": made["KeySchema"],
        "SSESpecification": {"SSEEnabled": made.get("SSEDescription", {}).get("Status") == "ENABLED"},
        "TimeToLiveSpecification": {
            "AttributeName": expiry.get("AttributeName"),
            "Enabled": expiry["TimeToLiveStatus"] == "ENABLED",
        },
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        "Tags": as_list(dynamodb.list_tags_of_resource(ResourceArn=made["TableArn"])["Tags"]),
    }
    indexes = made.get("GlobalSecondaryIndexes", [])
    if indexes:
        told = ("IndexName", "KeySchema", "Projection")
        properties["GlobalSecondaryIndexes"] = [{name: index[name] for name in told} for index in indexes]
    return properties, {"Arn": made["TableArn"]}


def kms_key(key, _):
    kms = client("kms")
    made = kms.describe_key(KeyId=key)["KeyMetadata"]
    properties = {name: made[name] for name in ("Description", "KeySpec", "KeyUsage", "Enabled")}
    properties |= {
        "KeyPolicy": json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
        "Tags": as_list(kms.list_resource_tags(KeyId=key)["Tags"]),
    }
    return properties, {"Arn": made["Arn"]}


def kms_alias(name, _):
    for alias in pages("kms", "list_aliases", "Aliases"):
        if alias["AliasName"] == name:
            return {"AliasName": name, "TargetKeyId": alias["TargetKeyId"]}, {}
    return {}, {}


def http_api(api, _):
    made = client("apigatewayv2").get_api(ApiId=api)
    properties = {key: made[key] for key in ("Name", "ProtocolType")} | {"Tags": own(made["Tags"])}
    return properties, {"ApiEndpoint": made["ApiEndpoint"]}


def the_api(found):
    (api,) = [it["PhysicalId"] for it in found.values() if it["Type"] == "AWS::ApiGatewayV2::Api"]
    return api


def api_stage(name, found):
    api = the_api(found)
    made = client("apigatewayv2").get_stage(ApiId=api, StageName=name)
    properties = {key: made[key] for key in ("StageName", "AutoDeploy")}
    return properties | {"ApiId": api, "Tags": own(made["Tags"])}, {}


def api_integration(integration, found):
    api = the_api(found)
    made = client("apigatewayv2").get_integration(ApiId=api, IntegrationId=integration)
    keys = ("IntegrationType", "IntegrationUri", "PayloadFormatVersion")
    return {key: made[key] for key in keys} | {"ApiId": api}, {}


def api_route(route, found):
    api = the_api(found)
    made = client("apigatewayv2").get_route(ApiId=api, RouteId=route.rsplit("/", 1)[-1])
    return {key: made[key] for key in ("RouteKey", "Target")} | {"ApiId": api}, {}


def domain_name(name, _):
    made = client("apigatewayv2").get_domain_name(DomainName=name)
    asked = ("CertificateArn", "EndpointType", "SecurityPolicy")
    properties = {
        "DomainName": made["DomainName"],
        "DomainNameConfigurations": [{key: it[key] for key in asked} for it in made["DomainNameConfigurations"]],
        "MutualTlsAuthentication": {"TruststoreUri": made["MutualTlsAuthentication"]["TruststoreUri"]},
        "Tags": own(made["Tags"]),
    }
    return properties, {}


def api_mapping(mapping, found):
    (name,) = [it["PhysicalId"] for it in found.values() if it["Type"] == "AWS::ApiGatewayV2::DomainName"]
    made = client("apigatewayv2").get_api_mapping(DomainName=name, ApiMappingId=mapping)
    return {"ApiId": made["ApiId"], "DomainName": name, "Stage": made["Stage"]}, {}


def log_group(name, _):
    for group in pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name):
        if group["logGroupName"] == name:
            return {"LogGroupName": name, "RetentionInDays": group.get("retentionInDays")}, {}
    return {}, {}


def alarm(name, _):
    alarms = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return (alarms[0] if alarms else {}), {}


def dashboard(name, _):
    body = client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    return {"DashboardName": name, "DashboardBody": body}, {}


DESCRIBE = {
    "AWS::ApiGatewayV2::Api": http_api,
    "AWS::ApiGatewayV2::ApiMapping": api_mapping,
    "AWS::ApiGatewayV2::DomainName": domain_name,
    "AWS::ApiGatewayV2::Integration": api_integration,
    "AWS::ApiGatewayV2::Route": api_route,
    "AWS::ApiGatewayV2::Stage": api_stage,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::DynamoDB::Table": table,
    "AWS::KMS::Alias": kms_alias,
    "AWS::KMS::Key": kms_key,
    "AWS::Lambda::Function": lambda_function,
    "AWS::Lambda::Permission": lambda_permission,
    "AWS::Logs::LogGroup": log_group,
}


# ---------------------------------------------------------------- changes


def take(stack):
    taken = []
    for resource in resources(stack):
        if resource["ResourceType"] == "AWS::IAM::Role":
            role = resource["PhysicalResourceId"]
            for name, document in role_policies(role).items():
                client("iam").delete_role_policy(RoleName=role, PolicyName=name)
                taken.append({"RoleName": role, "PolicyName": name, "PolicyDocument": json.dumps(document)})
    return taken


def give(path):
    with open(path, encoding="utf-8") as file:
        for policy in json.load(file):
            client("iam").put_role_policy(**policy)
    return {}


def logs(stack):
    found = {}
    for resource in resources(stack):
        if resource["ResourceType"] == "AWS::Logs::LogGroup":
            events = pages("logs", "filter_log_events", "events", logGroupName=resource["PhysicalResourceId"])
            found[resource["PhysicalResourceId"]] = [event["message"] for event in events]
    return found


def delete(stack):
    before = resources(stack)
    cloudformation = client("cloudformation")
    cloudformation.delete_stack(StackName=stack)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    names = {
        "AWS::DynamoDB::Table": set(client("dynamodb").list_tables()["TableNames"]),
        "AWS::KMS::Key": {it["KeyId"] for it in client("kms").list_keys()["Keys"]},
        "AWS::KMS::Alias": {it["AliasName"] for it in pages("kms", "list_aliases", "Aliases")},
        "AWS::Lambda::Function": {it["FunctionName"] for it in client("lambda").list_functions()["Functions"]},
        "AWS::IAM::Role": {it["RoleName"] for it in client("iam").list_roles()["Roles"]},
        "AWS::Logs::LogGroup": {it["logGroupName"] for it in client("logs").describe_log_groups()["logGroups"]},
        "AWS::ApiGatewayV2::Api": {it["ApiId"] for it in client("apigatewayv2").get_apis()["Items"]},
        "AWS::CloudWatch::Alarm": {it["AlarmName"] for it in client("cloudwatch").describe_alarms()["MetricAlarms"]},
    }
    looked_for = [it for it in before if it["ResourceType"] in names]
    return {
        it["LogicalResourceId"]: it["PhysicalResourceId"] in names[it["ResourceType"]] for it in looked_for
    }


COMMANDS = {
    "template": template,
    "describe": described,
    "take": take,
    "give": give,
    "logs": logs,
    "delete": delete,
}

if __name__ == "__main__":
    command, argument = sys.argv[1:]
    json.dump(COMMANDS[command](argument), sys.stdout, default=str)
